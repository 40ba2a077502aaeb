#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *end = (void *)(long)ctx->data_end;

#ifdef CURED
	if (data + 14 > end)
		return XDP_PASS;
#endif
	return data < end && data[13] ? XDP_DROP : XDP_PASS;
}
