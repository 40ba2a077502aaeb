#include "case.h"

char LICENSE[] SEC("license") = "GPL";

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *pointer) __ksym;

#ifdef CURED
SEC("tc")
#else
SEC("xdp")
#endif
int program(struct __sk_buff *skb)
{
	struct bpf_dynptr pointer;

	return bpf_dynptr_from_skb(skb, 0, &pointer);
}
