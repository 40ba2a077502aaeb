#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
extern int bpf_of_tomorrow(void *ctx) __ksym __weak;
#else
extern int bpf_of_tomorrow(void *ctx) __ksym;
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
#ifdef CURED
	if (!bpf_of_tomorrow)
		return XDP_PASS;
#endif
	return bpf_of_tomorrow(ctx);
}
