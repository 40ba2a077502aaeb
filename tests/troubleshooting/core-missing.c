#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#include <bpf/bpf_core_read.h>

struct task_struct {
	int no_such_member;
} __attribute__((preserve_access_index));

SEC("tp_btf/sched_switch")
int program(unsigned long *ctx)
{
	struct task_struct *task = (void *)ctx[1];

#ifdef CURED
	if (!bpf_core_field_exists(task->no_such_member))
		return 0;
#endif
	return task->no_such_member == 1;
}
