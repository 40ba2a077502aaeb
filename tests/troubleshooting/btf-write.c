#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int prio;
} __attribute__((preserve_access_index));

SEC("tp_btf/sched_switch")
int program(unsigned long *ctx)
{
	struct task_struct *next = (void *)ctx[2];

#ifdef CURED
	return next->prio == 0;
#else
	next->prio = 0;
	return 0;
#endif
}
