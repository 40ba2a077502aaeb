// load: setpriv --bounding-set=-all --inh-caps=-all bpftool prog loadall
#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return XDP_PASS;
}
