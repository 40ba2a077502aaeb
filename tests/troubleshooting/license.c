#include "case.h"

#ifdef CURED
char LICENSE[] SEC("license") = "Dual MIT/GPL";
#else
char LICENSE[] SEC("license") = "MIT";
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	bpf_printk("queue %d", ctx->rx_queue_index);
	return XDP_PASS;
}
