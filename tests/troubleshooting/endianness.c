// compile: -target bpfeb
#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return XDP_PASS;
}
