#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	int verdict;

#ifdef CURED
	verdict = XDP_PASS;
#endif
	return verdict;
}
