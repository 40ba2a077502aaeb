// load: ./load-briefly
#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
#define MANY 1000
#else
#define MANY 1000000
#endif

SEC("xdp")
int program(struct xdp_md *ctx)
{
	volatile __u32 sum = 0;

	for (__u32 i = 0; i < MANY; i++)
		sum += i;
	return sum;
}
