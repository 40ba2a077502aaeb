#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	char bytes[64] = {};
	__u32 size = ctx->rx_queue_index & 63;

#ifdef CURED
	if (size)
#endif
		bpf_xdp_store_bytes(ctx, 0, bytes, size);
	return XDP_PASS;
}
