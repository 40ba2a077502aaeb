// cure: --btf LIBRARY
#include "case.h"

#ifdef LIBRARY
__attribute__((noinline)) int chosen(int queue)
{
	return queue ? XDP_DROP : XDP_PASS;
}
#else
char LICENSE[] SEC("license") = "GPL";

int chosen(int queue);

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return chosen(ctx->rx_queue_index);
}
#endif
