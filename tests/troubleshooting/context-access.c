#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("socket")
int program(struct __sk_buff *skb)
{
#ifdef CURED
	return bpf_skb_load_bytes(skb, 0, &(__u8){ 0 }, 1);
#else
	return skb->data_end - skb->data;
#endif
}
