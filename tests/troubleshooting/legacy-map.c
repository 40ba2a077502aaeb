#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 8);
} old SEC(".maps");
#else
struct bpf_map_def {
	unsigned type, key_size, value_size, max_entries, map_flags;
};
struct bpf_map_def old SEC("maps") = { BPF_MAP_TYPE_HASH, 4, 8, 8 };
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&old, &key) ? XDP_PASS : XDP_DROP;
}
