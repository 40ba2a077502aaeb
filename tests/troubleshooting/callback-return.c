#include "case.h"

char LICENSE[] SEC("license") = "GPL";

static int step(__u64 index, void *sum)
{
	*(__u64 *)sum += index;
#ifdef CURED
	return 0;
#else
	return 2;
#endif
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(10, step, &sum, 0);
	return sum;
}
