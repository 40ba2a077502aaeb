/* refuse-calls ERROR CALL... -- COMMAND...: runs COMMAND where the kernel refuses CALLs, of
 * landlock, seccomp and no_new_privs, with the number ERROR, as old kernels and some containers do.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define END(value) BPF_STMT(BPF_RET | BPF_K, value)

/* Applies to calls from first to last, and of these to such whose first argument is that, unless it
 * is -1. */
static void refuse(int error, unsigned first, unsigned last, int argument)
{
	unsigned refused = SECCOMP_RET_ERRNO | error;
	struct sock_filter filter[] = {
	    LOAD(offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 4),
	    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 3, 0),
	    LOAD(offsetof(struct seccomp_data, args)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 0, argument == -1 ? 0 : 1),
	    END(refused),
	    END(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("seccomp");
		exit(99);
	}
}

int main(int argc, char **argv)
{
	int error = argc > 1 ? atoi(argv[1]) : 0;

	/* without privileges there would be no filter */
	if (geteuid())
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (argv += 2; *argv && strcmp(*argv, "--"); argv++)
		if (!strcmp(*argv, "landlock"))
			refuse(error, 444, 446, -1);
		else if (!strcmp(*argv, "no_new_privs"))
			refuse(error, SYS_prctl, SYS_prctl, PR_SET_NO_NEW_PRIVS);
		else if (!strcmp(*argv, "seccomp"))
			refuse(error, SYS_seccomp, SYS_seccomp, -1);
	if (!*argv || !argv[1])
		return 99;
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 99;
}
