/* What the programs of bpf-troubleshooting(7) share. Each is refused as it is, and loads with -DCURED. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef LIBRARY
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 8);
} counts SEC(".maps");
#endif
