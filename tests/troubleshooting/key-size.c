#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
#define KEY __u32
#else
#define KEY __u16
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	KEY key = 1;

	return bpf_map_lookup_elem(&counts, &key) ? XDP_PASS : XDP_DROP;
}
