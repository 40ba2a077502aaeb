#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	volatile __u32 *queue = &ctx->rx_queue_index;

#ifdef CURED
	for (int i = 0; i < 100 && *queue; i++)
		;
#else
	while (*queue)
		;
#endif
	return XDP_PASS;
}
