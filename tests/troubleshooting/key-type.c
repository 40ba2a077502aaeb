#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

#ifdef CURED
	return bpf_map_lookup_elem(&counts, &key) ? XDP_PASS : XDP_DROP;
#else
	return bpf_map_lookup_elem(&counts, (void *)(long)key) ? XDP_PASS : XDP_DROP;
#endif
}
