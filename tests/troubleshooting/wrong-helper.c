#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
SEC("xdp")
#else
SEC("socket")
#endif
int program(struct xdp_md *ctx)
{
	return bpf_redirect(1, 0);
}
