#include "case.h"

char LICENSE[] SEC("license") = "GPL";

struct task_struct
#ifdef CURED
{
	int pid;
} __attribute__((preserve_access_index))
#endif
;

extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

SEC("tp_btf/sched_switch")
int program(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return 0;
}
