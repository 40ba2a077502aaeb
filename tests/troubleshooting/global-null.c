#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#if CURED == 2
static
#endif
__attribute__((noinline)) int read(__u64 *value)
{
#if CURED == 1
	if (!value)
		return 0;
#endif
	return *value;
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u64 value = ctx->rx_queue_index;

	return read(&value);
}
