#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&counts, &key);

#ifdef CURED
	if (!value)
		return XDP_PASS;
#endif
	*value += 1;
	return XDP_PASS;
}
