// cure: --btf --export program
#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#if CURED == 2
static
#endif
__attribute__((noinline)) __u64 *find(__u32 key)
{
	return bpf_map_lookup_elem(&counts, &key);
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	return find(1) ? XDP_PASS : XDP_DROP;
}
