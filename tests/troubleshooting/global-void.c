#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct pair {
	__u32 a, b;
};

#if CURED == 2
static
#endif
__attribute__((noinline))
#if CURED == 1
int sum(struct pair *pair)
#else
int sum(void *pair)
#endif
{
	struct pair *both = pair;

	return both ? both->a + both->b : 0;
}

SEC("xdp")
int program(struct xdp_md *ctx)
{
	struct pair pair = { ctx->rx_queue_index, 1 };

	return sum(&pair);
}
