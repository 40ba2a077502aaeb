#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 8);
} devices SEC(".maps");
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
#ifdef CURED
	return bpf_redirect_map(&devices, 0, 0);
#else
	return bpf_redirect_map(&counts, 0, 0);
#endif
}
