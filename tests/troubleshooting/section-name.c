#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
SEC("xdp")
#else
SEC("xpd")
#endif
int program(struct xdp_md *ctx)
{
	return XDP_PASS;
}
