#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int program(struct xdp_md *ctx)
{
	char bytes[64] = {};
	__u32 size = ctx->rx_queue_index;

#ifdef CURED
	if (size > sizeof bytes)
		return XDP_PASS;
#endif
	bpf_ringbuf_output(&events, bytes, size, 0);
	return XDP_PASS;
}
