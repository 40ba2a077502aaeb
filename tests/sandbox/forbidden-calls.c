/* forbidden-calls INPUT ELSEWHERE COMMAND...: runs COMMAND until it opens INPUT; has it try, in the
 * place of that, what it is not to do, and prints on standard error what came of each; then lets it
 * go on. ELSEWHERE is a folder with files `old` and `other`. Its exit status is that of COMMAND.
 * For x86-64. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static int memory;
static struct user_regs_struct at_open;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static void control(int request, void *data)
{
	if (ptrace(request, child, 0, data))
		die("ptrace");
}

/* Up to the next stop; ends the program where that was the end of the command's. */
static int wait_for_stop(void)
{
	int status;

	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	if (!WIFSTOPPED(status))
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
	return status;
}

static int go_on(void)
{
	int status;

	do {
		control(PTRACE_SYSCALL, NULL);
		status = wait_for_stop();
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80) && status >> 16 != PTRACE_EVENT_EXEC);
	return status;
}

/* Text in the command's memory, below its stack. */
static long text(int number, const char *content)
{
	long address = at_open.rsp - 2048 - 512L * number;

	if (pwrite(memory, content, strlen(content) + 1, address) < 0)
		die("text");
	return address;
}

static void try(const char *name, long call, long first, long second, long third)
{
	struct user_regs_struct registers = at_open;

	registers.orig_rax = call;
	registers.rdi = first;
	registers.rsi = second;
	registers.rdx = third;
	registers.r10 = 0666;
	control(PTRACE_SETREGS, &registers);
	if (go_on() >> 16 == PTRACE_EVENT_EXEC) {
		fprintf(stderr, "%s: done\n", name);
		kill(child, SIGKILL);
		exit(0);
	}
	control(PTRACE_GETREGS, &registers);
	long result = registers.rax;
	fprintf(stderr, "%s: %s\n", name, result < 0 ? strerrorname_np(-result) : "done");
	/* open is called once more */
	registers = at_open;
	registers.rip -= 2;
	registers.rax = at_open.orig_rax;
	control(PTRACE_SETREGS, &registers);
	go_on();
}

static void try_all(const char *elsewhere)
{
	char old[512], other[512], new[512], directory[512];
	union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, 4, 4, 1};

	snprintf(old, sizeof old, "%s/old", elsewhere);
	snprintf(other, sizeof other, "%s/other", elsewhere);
	snprintf(new, sizeof new, "%s/new", elsewhere);
	snprintf(directory, sizeof directory, "%s/directory", elsewhere);
	try("socket", SYS_socket, AF_INET, SOCK_STREAM, 0);
	try("socket of the system", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	try("make a file", SYS_openat, AT_FDCWD, text(0, new), O_WRONLY | O_CREAT);
	try("write a file", SYS_openat, AT_FDCWD, text(0, old), O_WRONLY);
	try("rename", SYS_rename, text(0, old), text(1, other), 0);
	try("remove", SYS_unlink, text(0, other), 0, 0);
	try("make a directory", SYS_mkdir, text(0, directory), 0777, 0);
	try("change a mode", SYS_chmod, text(0, elsewhere), 0755, 0);
	long attributes = text(0, "");
	if (pwrite(memory, &map, 64, attributes) < 0)
		die("attributes");
	try("make a BPF map", SYS_bpf, BPF_MAP_CREATE, attributes, 64);
	try("look into a process", SYS_process_vm_readv, getpid(), attributes, 0);
	try("type", SYS_ioctl, -1, TIOCSTI, 0);
	try("run a program", SYS_execve, text(0, "/bin/true"), 0, 0);
}

static int is_open_of(const char *input)
{
	char name[512] = "";

	control(PTRACE_GETREGS, &at_open);
	if (at_open.orig_rax == SYS_openat)
		pread(memory, name, sizeof name - 1, at_open.rsi);
	else if (at_open.orig_rax == SYS_open)
		pread(memory, name, sizeof name - 1, at_open.rdi);
	return !strcmp(name, input);
}

int main(int argc, char **argv)
{
	char path[64];

	if (argc < 4)
		return 99;
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	wait_for_stop();
	control(PTRACE_SETOPTIONS,
	    (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC));
	snprintf(path, sizeof path, "/proc/%d/mem", child);
	memory = open(path, O_RDWR);
	if (memory < 0)
		die(path);
	do
		go_on();
	while (!is_open_of(argv[1]));
	try_all(argv[2]);
	control(PTRACE_CONT, NULL);
	for (;;) {
		int status = wait_for_stop();
		control(PTRACE_CONT, (void *)(long)(status >> 16 ? 0 : WSTOPSIG(status)));
	}
}
