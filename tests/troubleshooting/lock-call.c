#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct locked {
	struct bpf_spin_lock lock;
	__u64 time;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct locked);
	__uint(max_entries, 1);
} times SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *value = bpf_map_lookup_elem(&times, &key);

	if (!value)
		return 0;
#ifdef CURED
	__u64 now = bpf_ktime_get_ns();
	bpf_spin_lock(&value->lock);
	value->time = now;
#else
	bpf_spin_lock(&value->lock);
	value->time = bpf_ktime_get_ns();
#endif
	bpf_spin_unlock(&value->lock);
	return 0;
}
