#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
#ifdef CURED
	__uint(max_entries, 8);
#else
	__uint(entries, 8);
#endif
} sizes SEC(".maps");

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&sizes, &key) ? XDP_PASS : XDP_DROP;
}
