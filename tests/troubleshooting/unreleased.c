#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);

	if (!event)
		return XDP_PASS;
	*event = ctx->rx_queue_index;
#ifdef CURED
	bpf_ringbuf_submit(event, 0);
#endif
	return XDP_PASS;
}
