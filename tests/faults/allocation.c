/* Each allocation of a program fails in turn: to be preloaded, with FAULTS the file that gets the
 * results. At each FAULTS_STEPth allocation from main on, the process forks; that of the child
 * fails, and how it ends is judged. The parent goes on as if nothing had been. The results: a line
 * for each deviation, and one with the counts.
 *
 * What goes before main is the C++ library's and LLVM's, which can only end there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_FILES = 64, LONGEST_TEXT = 4000, MOST_SECONDS = 20 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static bool is_on, is_busy, is_child;
static unsigned long allocations, faults, linked, deviations, step = 1, only;
static int results = -1, null = -1; /* the latter is opened before a sandbox forbids it */
static struct stat errors;          /* what standard error is */

/* A file of the child's own with the same content, read and written at the same place. */
static void copy_file(int file)
{
	static char buffer[1 << 16];
	int copy = memfd_create("copy", 0);
	off_t place = lseek(file, 0, SEEK_CUR);
	ssize_t count;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	int source = open(path, O_RDONLY);
	while ((count = read(source, buffer, sizeof buffer)) > 0)
		if (write(copy, buffer, count) != count)
			_exit(99);
	close(source);
	lseek(copy, place, SEEK_SET);
	dup2(copy, file);
	close(copy);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Nothing that the child writes reaches what the parent has. Several descriptors of a file stay
 * that. */
static void take_apart(int said)
{
	struct stat before[MOST_FILES] = {0};

	for (int file = 0; file < MOST_FILES; file++) {
		int flags = fcntl(file, F_GETFL), earlier = 0;
		if (flags < 0 || fstat(file, &before[file]) || (flags & O_ACCMODE) == O_RDONLY)
			continue;
		while (!is_same(&before[earlier], &before[file]))
			earlier++;
		if (is_same(&errors, &before[file]))
			dup2(said, file);
		else if (earlier < file)
			dup2(earlier, file);
		else if (S_ISREG(before[file].st_mode))
			copy_file(file);
		else if (S_ISFIFO(before[file].st_mode))
			dup2(null, file);
	}
}

/* What is wrong with the end of the child, NULL for nothing. */
static const char *judge(int status, const char *text)
{
	const char *newline = strchr(text, '\n');

	if (WIFSIGNALED(status))
		return "killed by a signal";
	if (WEXITSTATUS(status) == 0)
		return strstr(text, ": error: ") ? "an error, and status 0" : NULL;
	if (WEXITSTATUS(status) != 1)
		return "another status";
	if (strncmp(text, "bpf-", 4) || !strstr(text, ": error: ") || !newline || newline[1])
		return "not one error";
	/* libraries may crash, and the child's output, a copy, cannot be given a name */
	if (strstr(text, "out of memory") || strstr(text, "LLVM crashed (SIGSEGV)") ||
	    strstr(text, "Invalid cross-device link"))
		return NULL;
	return "an error that does not tell of memory";
}

static void take_result(int said, int status)
{
	char text[LONGEST_TEXT + 1];
	ssize_t size = pread(said, text, LONGEST_TEXT, 0);

	text[size > 0 ? size : 0] = '\0';
	const char *fault = judge(status, text);
	faults++;
	linked += WIFEXITED(status) && !WEXITSTATUS(status);
	if (!fault)
		return;
	deviations++;
	dprintf(results, "%s, allocation %lu: %s; status %#x\n    %s%s",
	    program_invocation_short_name, allocations, fault, status, text, *text ? "" : "\n");
}

/* Whether this allocation is to fail: in the child. */
static bool fails(void)
{
	int error = errno, status;

	if (!is_on || is_busy || is_child)
		return false;
	if (only)
		return ++allocations == only;
	if (allocations++ % step)
		return false;
	is_busy = true;
	/* code generation must open no files, and is not allowed to */
	struct rlimit before, all;
	getrlimit(RLIMIT_NOFILE, &before);
	all = (struct rlimit){before.rlim_max, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &all);
	int file = memfd_create("said", MFD_CLOEXEC);
	int said = fcntl(file, F_DUPFD_CLOEXEC, MOST_FILES); /* out of the program's way */
	close(file);
	fcntl(said, F_SETFL, O_APPEND);
	pid_t child = fork();
	if (child < 0)
		abort();
	if (!child) {
		is_child = true;
		take_apart(said);
		setrlimit(RLIMIT_NOFILE, &before);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		unsetenv("FAULTS"); /* of a program that it becomes */
		is_busy = false;
		alarm(MOST_SECONDS);
		errno = ENOMEM;
		return true;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	take_result(said, status);
	close(said);
	setrlimit(RLIMIT_NOFILE, &before);
	is_busy = false;
	errno = error;
	return false;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	*memory = aligned_alloc(alignment, size);
	return *memory ? 0 : ENOMEM;
}

static int (*real_main)(int, char **, char **);

static int main_with_faults(int argc, char **argv, char **environment)
{
	const char *path = getenv("FAULTS"), *every = getenv("FAULTS_STEP"),
		   *at = getenv("FAULTS_AT");

	only = at ? atol(at) : 0;
	step = every && atol(every) > 0 ? atol(every) : 1;
	int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	results = fcntl(file, F_DUPFD_CLOEXEC, MOST_FILES);
	close(file);
	file = open("/dev/null", O_WRONLY | O_CLOEXEC);
	null = fcntl(file, F_DUPFD_CLOEXEC, MOST_FILES);
	close(file);
	is_on = results >= 0 && null >= 0 && !fstat(STDERR_FILENO, &errors);
	return real_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
    void (*start)(void), void (*end)(void), void (*loader_end)(void), void *stack)
{
	int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
	    void (*)(void), void *) = dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = main;
	return next(main_with_faults, argc, argv, start, end, loader_end, stack);
}

/* The program's end, by exit and _exit alike. */
static void write_counts(void)
{
	if (is_on && !is_child)
		dprintf(results, "counts %lu %lu %lu\n", faults, linked, deviations);
	is_on = false; /* exit calls _exit */
}

void _exit(int status)
{
	void (*next)(int) = dlsym(RTLD_NEXT, "_exit");

	write_counts();
	next(status);
	__builtin_unreachable();
}

static void __attribute__((destructor)) finish(void)
{
	write_counts();
}
