#include "sandbox.h"

bool sandbox_is_off;

#ifdef __linux__

#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock: files, and what else the kernel's version has. The headers of older systems have none
 * of this: https://docs.kernel.org/userspace-api/landlock.html */

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 }; /* on all architectures */
enum { VERSION_FLAG = 1, PATH_BENEATH = 1 };

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	REMOVE_FILE = 1 << 5,
	MAKE_REGULAR = 1 << 8,
	CHANGES = WRITE_FILE | 0x1ff << 4, /* removes or makes a file of any kind */
	TRUNCATE = 1 << 14,
	TCP = 3,   /* bind, connect */
	SCOPES = 3 /* abstract sockets, signals: of other processes */
};

struct ruleset {
	uint64_t files, network, scopes;
};

struct rule {
	uint64_t allowed;
	int32_t place;
} __attribute__((packed));

/* What is not there needs no rule, nor what has no place in the file system, as a pipe. */
static void allow(int ruleset, const char *path, uint64_t for_file, uint64_t for_directory)
{
	struct rule rule = {.place = open(path, O_PATH | O_CLOEXEC)};
	struct stat status;

	if (rule.place < 0)
		return;
	if (!fstat(rule.place, &status)) {
		rule.allowed = S_ISDIR(status.st_mode) ? for_directory : for_file;
		syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0);
	}
	close(rule.place);
}

/* The dynamic loader, which is run as well; NULL where the program needs none. */
static const char *interpreter(void)
{
	const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
	size_t count = getauxval(AT_PHNUM);
	uintptr_t base = 0;

	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_PHDR)
			base = (uintptr_t)headers - headers[i].p_vaddr;
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_INTERP)
			return (const char *)(base + headers[i].p_vaddr);
	return NULL;
}

/* Returns the version of the kernel's Landlock; 0, with errno set, where there is none. */
static int restrict_files(const struct sandbox_needs *needs)
{
	int version = syscall(CREATE_RULESET, NULL, 0, VERSION_FLAG);
	struct ruleset wanted = {
	    .files = EXECUTE,
	    .network = version >= 4 ? TCP : 0,
	    .scopes = version >= 6 ? SCOPES : 0,
	};

	if (version < 1)
		return 0;
	if (!needs->writes_any_file)
		wanted.files |= CHANGES | (version >= 3 ? TRUNCATE : 0);
	int ruleset = syscall(CREATE_RULESET, &wanted,
	    version >= 6   ? sizeof wanted
	    : version >= 4 ? offsetof(struct ruleset, scopes)
			   : offsetof(struct ruleset, network),
	    0);
	if (ruleset < 0)
		return 0;
	for (size_t i = 0; !needs->writes_any_file && i < needs->places.count; i++)
		allow(ruleset, needs->places.items[i], WRITE_FILE,
		    WRITE_FILE | REMOVE_FILE | MAKE_REGULAR);
	if (needs->runs_itself) {
		allow(ruleset, "/proc/self/exe", EXECUTE, 0);
		if (needs->programs)
			allow(ruleset, needs->programs, 0, EXECUTE);
		if (interpreter())
			allow(ruleset, interpreter(), EXECUTE, 0);
	}
	int result = syscall(RESTRICT_SELF, ruleset, 0);
	close(ruleset);
	return result ? 0 : version;
}

/* seccomp: system calls. What it does not know stays allowed. */

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

/* A call is refused or allowed where its argument, a number from 0, passes the test with either
 * operand; and the other way round where it does not. Of arguments the lower half is looked at. */
struct check {
	unsigned char argument;
	unsigned short test;
	uint32_t operands[2];
	bool allows;
};

enum { WRITE_FLAGS = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC };
static const struct check
    /* both type commands into a terminal, for the user's shell */
    no_typing = {1, BPF_JEQ, {TIOCSTI, TIOCLINUX}, false},
    /* LLVM asks so for --cpu=probe, which an input may name as well */
    only_load = {0, BPF_JEQ, {BPF_PROG_LOAD, BPF_PROG_LOAD}, true},
#ifdef SYS_open
    only_read = {1, BPF_JSET, {WRITE_FLAGS, WRITE_FLAGS}, false},
#endif
    only_read_at = {2, BPF_JSET, {WRITE_FLAGS, WRITE_FLAGS}, false};

/* What a call is for, where a process may need it. */
enum purpose {
	FOR_NOTHING,
	TO_RUN,
	TO_WRITE,
	TO_NAME, /* to write by a name, of which Landlock knows more */
};

/* Calls that are forbidden, or some of them where there is a check. Neighbours make a filter that
 * takes the kernel less time, so that some are here which would do no harm. */
static const struct forbidden {
	unsigned number;
	enum purpose purpose;
	const struct check *check;
} forbidden_calls[] = {
    {SYS_execve, TO_RUN},
    {SYS_execveat, TO_RUN},
    /* the network */
    {SYS_socket},
    {SYS_socketpair},
    {SYS_connect},
    {SYS_bind},
    {SYS_listen},
    {SYS_accept},
    {SYS_accept4},
    {SYS_shutdown},
    {SYS_sendto},
    {SYS_sendmsg},
    {SYS_sendmmsg},
    {SYS_recvfrom},
    {SYS_recvmsg},
    {SYS_getsockname},
    {SYS_getpeername},
    {SYS_getsockopt},
    {SYS_setsockopt},
    {425}, /* io_uring_setup, for which others are done */
    {426}, /* io_uring_enter */
    {427}, /* io_uring_register */
    /* files */
    {SYS_openat, TO_NAME, &only_read_at},
    {437, TO_NAME}, /* openat2 */
    {SYS_truncate, TO_NAME},
    {SYS_mkdirat, TO_NAME},
    {SYS_mknodat, TO_NAME},
    {SYS_unlinkat, TO_NAME},
    {SYS_renameat, TO_NAME},
    {SYS_renameat2, TO_NAME},
    {SYS_linkat, TO_NAME},
    {SYS_symlinkat, TO_NAME},
    {SYS_fchmod, TO_WRITE},
    {SYS_fchown, TO_WRITE},
    {SYS_fchmodat},
    {452}, /* fchmodat2 */
    {SYS_fchownat},
    {SYS_setxattr},
    {SYS_lsetxattr},
    {SYS_fsetxattr},
    {SYS_getxattr},
    {SYS_lgetxattr},
    {SYS_fgetxattr},
    {SYS_listxattr},
    {SYS_llistxattr},
    {SYS_flistxattr},
    {SYS_removexattr},
    {SYS_lremovexattr},
    {SYS_fremovexattr},
    {463},      /* setxattrat */
    {464},      /* getxattrat */
    {465},      /* listxattrat */
    {466},      /* removexattrat */
    {467},      /* open_tree_attr */
    {468},      /* file_getattr */
    {469},      /* file_setattr */
#ifdef SYS_open /* older architectures */
    {SYS_open, TO_NAME, &only_read},
    {SYS_creat, TO_NAME},
    {SYS_mkdir, TO_NAME},
    {SYS_rmdir, TO_NAME},
    {SYS_mknod, TO_NAME},
    {SYS_unlink, TO_NAME},
    {SYS_rename, TO_NAME},
    {SYS_link, TO_NAME},
    {SYS_symlink, TO_NAME},
    {SYS_chmod},
    {SYS_chown},
    {SYS_lchown},
#endif
    /* other processes */
    {SYS_ptrace},
    {SYS_process_vm_readv},
    {SYS_process_vm_writev},
    {SYS_kcmp},
    {438}, /* pidfd_getfd */
    {SYS_setns},
    {SYS_unshare},
    {SYS_keyctl},
    {SYS_add_key},
    {SYS_request_key},
    /* the system */
    {SYS_ioctl, FOR_NOTHING, &no_typing},
    {SYS_bpf, FOR_NOTHING, &only_load},
    {SYS_perf_event_open},
    {SYS_userfaultfd},
    {SYS_mount},
    {SYS_umount2},
    {SYS_pivot_root},
    {SYS_chroot},
    {SYS_sync},
    {SYS_acct},
    {SYS_settimeofday},
    {SYS_swapon},
    {SYS_swapoff},
    {SYS_reboot},
    {SYS_sethostname},
    {SYS_setdomainname},
#ifdef SYS_iopl
    {SYS_iopl},
    {SYS_ioperm},
    {SYS_create_module},
#endif
    {SYS_init_module},
    {SYS_delete_module},
    {SYS_finit_module},
    {SYS_quotactl},
    {SYS_kexec_load},
    {SYS_kexec_file_load},
    {SYS_open_by_handle_at},
    {428}, /* open_tree */
    {429}, /* move_mount */
    {430}, /* fsopen */
    {431}, /* fsconfig */
    {432}, /* fsmount */
    {433}, /* fspick */
    {442}, /* mount_setattr */
};

enum {
	CALLS = sizeof forbidden_calls / sizeof *forbidden_calls,
	END_OF_CALLS = 512,        /* more than there are */
	FIRST_OF_X32 = 0x40000000, /* other numbers for the same */
	LONGEST_JUMP = 255
};

/* Calls from a number on, up to the next interval: allowed where there is no call. */
struct interval {
	unsigned first;
	const struct forbidden *call;
};

struct filter {
	struct interval intervals[CALLS];
	size_t interval_count;
	struct sock_filter code[4 * CALLS];
	unsigned short length;
	bool fits;
};

static bool is_apart(const struct forbidden *call, const struct forbidden *before)
{
	return !call != !before || (call && (call->check || before->check));
}

static void add_interval(struct filter *filter, unsigned first, const struct forbidden *call)
{
	size_t i = filter->interval_count;

	if (i && !is_apart(call, filter->intervals[i - 1].call))
		return;
	filter->fits &= i < CALLS;
	if (filter->fits)
		filter->intervals[filter->interval_count++] = (struct interval){first, call};
}

/* version: of Landlock. */
static void find_intervals(struct filter *filter, const struct sandbox_needs *needs, int version)
{
	unsigned char calls[END_OF_CALLS] = {0}; /* indices of forbidden_calls, from 1 */
	bool may_write = needs->writes_any_file || needs->places.count;
	const bool is_needed[] = {
	    [TO_RUN] = needs->runs_itself,
	    [TO_WRITE] = may_write,
	    [TO_NAME] = may_write || version,
	};

	for (size_t i = 0; i < CALLS; i++)
		if (!is_needed[forbidden_calls[i].purpose])
			calls[forbidden_calls[i].number] = i + 1;
	for (unsigned number = 0; number < END_OF_CALLS; number++)
		add_interval(
		    filter, number, calls[number] ? &forbidden_calls[calls[number] - 1] : NULL);
	add_interval(filter, FIRST_OF_X32, forbidden_calls);
}

static struct sock_filter *add(struct filter *filter, unsigned short operation, uint32_t operand)
{
	struct sock_filter *instruction = &filter->code[filter->length++];

	*instruction = (struct sock_filter){.code = operation | BPF_K, .k = operand};
	return instruction;
}

static void add_load(struct filter *filter, size_t offset)
{
	add(filter, BPF_LD | BPF_W | BPF_ABS, offset);
}

static void add_end(struct filter *filter, bool allowed)
{
	add(filter, BPF_RET, allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM);
}

static void add_check(struct filter *filter, const struct check *check)
{
	add_load(filter, offsetof(struct seccomp_data, args[check->argument]));
	add(filter, BPF_JMP | check->test, check->operands[0])->jt = 2;
	add(filter, BPF_JMP | check->test, check->operands[1])->jt = 1;
	add_end(filter, !check->allows);
	add_end(filter, check->allows);
}

/* The search for a call's interval. The kernel tries all numbers there are when it takes the
 * filter, so the widest intervals are to be found first. */
static void add_search(struct filter *filter, const struct interval *intervals, size_t count,
    unsigned first, unsigned end)
{
	size_t split = 1;

	if (count == 1 && intervals->call && intervals->call->check)
		add_check(filter, intervals->call->check);
	else if (count == 1)
		add_end(filter, !intervals->call);
	if (count == 1)
		return;
	/* the one that begins next to the middle */
	while (
	    split + 1 < count && intervals[split].first + intervals[split + 1].first <= first + end)
		split++;
	unsigned middle = intervals[split].first;
	struct sock_filter *branch = add(filter, BPF_JMP | BPF_JGE, middle);
	add_search(filter, intervals, split, first, middle);
	size_t distance = &filter->code[filter->length] - branch - 1;
	filter->fits &= distance <= LONGEST_JUMP;
	branch->jt = distance;
	add_search(filter, intervals + split, count - split, middle, end);
}

/* version: of Landlock. Returns 0; else -1, with errno set. */
static int restrict_calls(const struct sandbox_needs *needs, int version)
{
	struct filter filter;

	filter.interval_count = filter.length = 0;
	filter.fits = true;
	find_intervals(&filter, needs, version);
	add_load(&filter, offsetof(struct seccomp_data, arch));
	add(&filter, BPF_JMP | BPF_JEQ, ARCHITECTURE)->jt = 1;
	add_end(&filter, false);
	add_load(&filter, offsetof(struct seccomp_data, nr));
	add_search(&filter, filter.intervals, filter.interval_count, 0, END_OF_CALLS);
	struct sock_fprog program = {filter.length, filter.code};
	errno = E2BIG;
	/* without this flag, kernels before 5.16 make the whole process slower */
	return filter.fits ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				 SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program)
			   : -1;
}

#else

static int restrict_calls(const struct sandbox_needs *needs, int version)
{
	(void)needs, (void)version;
	errno = ENOSYS;
	return -1;
}

#endif

/* Reports of sanitizers go to files, and name functions by way of another program. */
#ifdef SANITIZE
enum { MAY_REPORT = 1 };
#else
enum { MAY_REPORT = 0 };
#endif

void sandbox_enter(const struct sandbox_needs *needs)
{
	if (sandbox_is_off || MAY_REPORT)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		message(LEVEL_TRACE, "no sandbox:");
		return;
	}
	int version = restrict_files(needs);
	if (version)
		message(LEVEL_TRACE, "sandbox: Landlock, version %d", version);
	else
		message(LEVEL_TRACE, "sandbox: no Landlock:");
	if (restrict_calls(needs, version))
		message(LEVEL_TRACE, "sandbox: no seccomp:");
	else
		message(LEVEL_TRACE, "sandbox: seccomp");
}

#else

void sandbox_enter(const struct sandbox_needs *needs)
{
	(void)needs;
}

#endif
