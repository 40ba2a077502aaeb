#include "limit.h"

char LICENSE[] SEC("license") = "GPL";

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

SEC("socket")
int keep_first(struct __sk_buff *packet)
{
	__u32 length = packet->len;
	__u64 one = 1, *count = bpf_map_lookup_elem(&lengths, &length);

	seen++;
	if (count)
		++*count;
	else
		bpf_map_update_elem(&lengths, &length, &one, BPF_ANY);
	return is_within_limit() ? length : 0;
}
