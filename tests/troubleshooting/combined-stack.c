#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
#define SIZE 200
#else
#define SIZE 300
#endif

static __attribute__((noinline)) long sum(struct xdp_md *ctx)
{
	char bytes[SIZE];

	bpf_xdp_load_bytes(ctx, 0, bytes, sizeof bytes);
	return bytes[1] + bytes[SIZE - 1];
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	char bytes[SIZE];

	bpf_xdp_load_bytes(ctx, 0, bytes, sizeof bytes);
	return sum(ctx) + bytes[SIZE - 1];
}
