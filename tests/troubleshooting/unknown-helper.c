#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#include <bpf/bpf_core_read.h>

enum bpf_func_id___new {
	BPF_FUNC_of_tomorrow = 10000,
};
static long (*const bpf_of_tomorrow)(void *ctx) = (void *)BPF_FUNC_of_tomorrow;

SEC("xdp")
int program(struct xdp_md *ctx)
{
#ifdef CURED
	if (!bpf_core_enum_value_exists(enum bpf_func_id___new, BPF_FUNC_of_tomorrow))
		return XDP_PASS;
#endif
	return bpf_of_tomorrow(ctx);
}
