/* The library: packets and bytes seen of each IP protocol. */
#include "count.h"

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct traffic);
} traffic SEC(".maps");

void count_packet(__u32 protocol, __u32 bytes)
{
	struct traffic *seen = bpf_map_lookup_elem(&traffic, &protocol);

	if (!seen)
		return;
	__sync_fetch_and_add(&seen->packets, 1);
	__sync_fetch_and_add(&seen->bytes, bytes);
}
