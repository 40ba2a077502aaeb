#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("socket")
int program(struct __sk_buff *skb)
{
	__u32 sum = 0;

#ifdef CURED
	sum = skb->cb[0] + skb->cb[1];
#else
	sum = skb->cb[bpf_get_prandom_u32() & 1];
#endif
	return sum;
}
