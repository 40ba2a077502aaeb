/* The program: counts IPv4 packets with the library, and drops those of one protocol. */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include "count.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* User space sets it before the program is loaded. */
const volatile __u8 dropped = IPPROTO_UDP;

SEC("xdp")
int count_and_drop(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);

	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	count_packet(ip->protocol, end - (void *)ethernet);
	return ip->protocol == dropped ? XDP_DROP : XDP_PASS;
}
