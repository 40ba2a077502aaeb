#include "case.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tracepoint/syscalls/sys_enter_write")
int program(unsigned long *ctx)
{
	char bytes[64] = {};
	unsigned long size = ctx[4];

#ifdef CURED
	if (size > sizeof bytes)
		size = sizeof bytes;
#endif
	bpf_probe_read_user(bytes, size, (void *)ctx[3]);
	return bytes[0];
}
