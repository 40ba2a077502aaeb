#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
SEC("uprobe.s")
#else
SEC("uprobe")
#endif
int program(void *ctx)
{
	__u64 word = 0;

	bpf_copy_from_user(&word, sizeof word, (void *)1000);
	return 0;
}
