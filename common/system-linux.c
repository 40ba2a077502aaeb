#include "memory.h"
#include "system.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

void system_name_process(const char *name)
{
	prctl(PR_SET_NAME, name);
}

void system_end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int system_open_memory(const char *name, bool close_on_exec)
{
	return memfd_create(name, close_on_exec ? MFD_CLOEXEC : 0);
}

void system_widen_pipe(int file, size_t size)
{
	fcntl(file, F_SETPIPE_SZ, (int)size);
}

char *system_program(void)
{
	char program[4096];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program);

	return length < 0 ? NULL : xstrndup(program, length);
}

void system_run_again(char **arguments)
{
	char *program = system_program();

	/* in an emulator, /proc/self/exe may be that */
	if (program)
		execv(program, arguments);
	execv("/proc/self/exe", arguments);
}

bool system_is_descriptor(const char *path, int *process, int *descriptor)
{
	int length = 0;

	return sscanf(path, "/proc/%d/fd/%d%n", process, descriptor, &length) == 2 && length > 0 &&
	       !path[length];
}

int system_open_unnamed(const char *directory)
{
	return access("/proc/self/fd", F_OK)
		   ? -1
		   : open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

int system_name_file(int file, const char *path)
{
	char *unnamed = xasprintf("/proc/self/fd/%d", file);
	int result = linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW);

	free(unnamed);
	return result;
}

/* proc(5) */
long long system_start_of(const char *process)
{
	struct timespec now, up;
	char *path = xasprintf("/proc/%s/stat", process), text[4096];
	FILE *file = fopen(path, "re");
	unsigned long long ticks;

	free(path);
	if (!file)
		return -1;
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			 ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			 "%*s %*s %*s %*s %llu",
			 &ticks) != 1)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (now.tv_sec - up.tv_sec) * 1000000000LL + now.tv_nsec - up.tv_nsec +
	       (ticks + 1) * (1000000000LL / sysconf(_SC_CLK_TCK));
}

long long system_time_written(const struct stat *status)
{
	return status->st_mtim.tv_sec * 1000000000LL + status->st_mtim.tv_nsec;
}

long system_peak_memory(const struct rusage *usage)
{
	return usage->ru_maxrss;
}
