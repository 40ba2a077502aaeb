// link: --btf --emit llvm-bc
// cure: --btf
#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return XDP_PASS;
}
