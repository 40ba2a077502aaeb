#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 key = 0;
	__u64 *skip = bpf_map_lookup_elem(&counts, &key);

	if (!skip)
		return XDP_PASS;
#ifdef CURED
	data += *skip & 0xfff;
#else
	data += *skip;
#endif
	if (data + 1 > (__u8 *)end)
		return XDP_PASS;
	return *data;
}
