/* macOS. It is built here, and has never run. */
#include "memory.h"
#include "system.h"
#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <mach-o/dyld.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/event.h>
#include <unistd.h>

void system_name_process(const char *name)
{
	(void)name; /* ps shows the file's name, or the first argument */
}

static void *wait_for_parent(void *parent)
{
	struct kevent event;
	int queue = kqueue();

	EV_SET(&event, (uintptr_t)parent, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
	/* one that has ended already cannot be waited for */
	while (queue >= 0 && kevent(queue, &event, 1, &event, 1, NULL) < 0 && errno == EINTR)
		;
	kill(getpid(), SIGTERM);
	return NULL;
}

/* There is no signal for it; a thread waits. Those before it handle all signals. */
void system_end_with_parent(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_create(&thread, NULL, wait_for_parent, (void *)(uintptr_t)getppid());
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int system_open_memory(const char *name, bool close_on_exec)
{
	const char *directory = getenv("TMPDIR");
	char *path = xasprintf(
	    "%s/bpf-linker-%s.XXXXXX", directory && *directory ? directory : "/tmp", name);
	int file = mkstemp(path);

	if (file >= 0)
		unlink(path);
	if (file >= 0 && close_on_exec)
		fcntl(file, F_SETFD, FD_CLOEXEC);
	free(path);
	return file;
}

/* A pipe grows by itself. */
void system_widen_pipe(int file, size_t size)
{
	(void)file, (void)size;
}

char *system_program(void)
{
	char path[4096];
	uint32_t size = sizeof path;

	if (!_NSGetExecutablePath(path, &size))
		return realpath(path, NULL);
	errno = ENAMETOOLONG;
	return NULL;
}

void system_run_again(char **arguments)
{
	char *program = system_program();

	if (program)
		execv(program, arguments);
}

bool system_is_descriptor(const char *path, int *process, int *descriptor)
{
	int length = 0;

	*process = getpid();
	return sscanf(path, "/dev/fd/%d%n", descriptor, &length) == 1 && length > 0 &&
	       !path[length];
}

int system_open_unnamed(const char *directory)
{
	(void)directory;
	return -1;
}

int system_name_file(int file, const char *path)
{
	(void)file, (void)path;
	errno = ENOTSUP;
	return -1;
}

long long system_start_of(const char *process)
{
	struct proc_bsdinfo info;
	int size = proc_pidinfo(atoi(process), PROC_PIDTBSDINFO, 0, &info, sizeof info);

	if (size != (int)sizeof info)
		return -1;
	return info.pbi_start_tvsec * 1000000000LL + (info.pbi_start_tvusec + 1) * 1000LL;
}

long long system_time_written(const struct stat *status)
{
	return status->st_mtimespec.tv_sec * 1000000000LL + status->st_mtimespec.tv_nsec;
}

/* It counts in bytes. */
long system_peak_memory(const struct rusage *usage)
{
	return usage->ru_maxrss / 1024;
}
