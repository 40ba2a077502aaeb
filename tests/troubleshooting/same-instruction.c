#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("socket")
int program(struct __sk_buff *skb)
{
	__u32 key = 0, *value = bpf_map_lookup_elem(&counts, &key);

	if (!value)
		return 0;
#ifdef CURED
	__u32 length = *(volatile __u32 *)&skb->len;
	return skb->mark ? length : *value;
#else
	return skb->mark ? skb->len : *value;
#endif
}
