#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifndef CURED
static
#endif
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} own SEC(".maps");

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&own, &key) ? XDP_PASS : XDP_DROP;
}
