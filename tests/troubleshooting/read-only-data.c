#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
volatile __u32 limit = 10;
#else
const volatile __u32 limit = 10;
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	*(volatile __u32 *)&limit = 11;
	return XDP_PASS;
}
