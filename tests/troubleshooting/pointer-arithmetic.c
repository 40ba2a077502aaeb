#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	char *value = bpf_map_lookup_elem(&counts, &key);

#ifdef CURED
	if (!value)
		return XDP_PASS;
	value += 4;
#else
	value += 4;
	if (!value)
		return XDP_PASS;
#endif
	return *(volatile char *)value;
}
