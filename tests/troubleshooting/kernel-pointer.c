#include "case.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CURED
#define READ(to, from) bpf_probe_read_kernel(&to, sizeof to, from)
#else
#define READ(to, from) (to = *from)
#endif

SEC("kprobe/do_unlinkat")
int program(unsigned long *ctx)
{
	unsigned long *argument = (void *)ctx[14], word = 0;

	READ(word, argument);
	return word == 1;
}
