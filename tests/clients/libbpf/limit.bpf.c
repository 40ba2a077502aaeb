/* The library, with variables of its own: user space finds them through a subskeleton. */
#include "limit.h"

const volatile __u32 limit = 1;
__u32 over;

int is_within_limit(void)
{
	static __u32 calls;

	if (calls++ < limit)
		return 1;
	over++;
	return 0;
}
