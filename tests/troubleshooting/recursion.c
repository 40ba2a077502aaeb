#include "case.h"

char LICENSE[] SEC("license") = "GPL";

static __attribute__((noinline)) int depth(struct xdp_md *ctx, __u32 n)
{
	return n && bpf_get_prandom_u32() ? depth(ctx, n - 1) * bpf_get_prandom_u32() + 1 : 0;
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
#ifdef CURED
	int result = 0;

	for (int n = 0; n < 4; n++)
		result = result * bpf_get_prandom_u32() + 1;
	return result;
#else
	return depth(ctx, 4);
#endif
}
