#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("cgroup_skb/egress")
int program(struct __sk_buff *skb)
{
#ifdef CURED
	return skb->len > 1000 ? 1 : 0;
#else
	return skb->len;
#endif
}
