#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
SEC("tp_btf/sched_switch")
#else
SEC("tp_btf/sched_swich")
#endif
int program(void *ctx)
{
	return 0;
}
