#include "output.h"
#include "input.h"
#include "message.h"
#include "standard-files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct output {
	int file;
	const char *name;      /* for messages */
	const char *path;      /* the regular file to replace, or NULL when written directly */
	const char *temporary; /* beside path */
	bool temporary_exists; /* else the file has no name yet (O_TMPFILE) */
};

/* the main output and --dump-module's */
static struct output outputs[2];
static size_t output_count;
static bool wrote_to_stdout, last_stage;
static bool next_stage_reads = true; /* the main output goes to standard output, for all we know */
size_t output_bytes;

static bool is_regular_or_new(const char *path)
{
	struct stat status;

	/* a redirected /dev/stdout shows the status of the file behind it */
	if (!strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6))
		return false;
	return stat(path, &status) ? errno == ENOENT : S_ISREG(status.st_mode);
}

static const char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? "." : slash == path ? "/" : strndup(path, slash - path);
}

static void open_temporary(struct output *output, const char *path)
{
	const char *real = realpath(path, NULL);
	const char *directory;
	struct timespec now;

	output->path = real ? real : path;
	directory = directory_of(output->path);
	clock_gettime(CLOCK_REALTIME, &now); /* process numbers come again, in containers soon */
	output->temporary = xasprintf(
	    "%s/.bpf-linker.%ld.%ld.%td", directory, (long)getpid(), now.tv_nsec, output - outputs);
	/* a file without a name cannot be left behind, whatever kills the program */
	output->file = access("/proc/self/fd", F_OK)
			   ? -1
			   : open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (output->file >= 0)
		return;
	output->file = open(output->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	output->temporary_exists = output->file >= 0;
}

struct output *output_open(const char *path, bool binary)
{
	struct output *output = &outputs[output_count];

	*output = (struct output){.file = STDOUT_FILENO, .name = path};
	if (!path || !strcmp(path, "-"))
		output->name = "<stdout>";
	else if (is_regular_or_new(path))
		open_temporary(output, path);
	else
		output->file = open(path, O_WRONLY | O_CLOEXEC);
	if (output->file == STDOUT_FILENO && standard_file_was_closed(STDOUT_FILENO)) {
		output->file = -1;
		errno = EBADF;
	}
	if (output->file < 0)
		fail("%s:", output->name);
	if (output_count++ == 0)
		next_stage_reads = output->file == STDOUT_FILENO;
	if (binary && isatty(output->file))
		fail_usage("%s: will not write binary to a terminal", output->name);
	return output;
}

void output_write(struct output *output, const void *data, size_t size)
{
	const char *next = data;

	output_bytes += size;
	while (size > 0) {
		ssize_t count = write(output->file, next, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EPIPE && !last_stage)
			fail_silently(1);
		if (count < 0)
			fail("%s:", output->name);
		wrote_to_stdout |= output->file == STDOUT_FILENO;
		next += count;
		size -= count;
	}
}

/* Links the file without a name to the temporary one. */
static int name_temporary(struct output *output)
{
	if (output->temporary_exists)
		return 0;
	char *unnamed = xasprintf("/proc/self/fd/%d", output->file);
	int result = linkat(AT_FDCWD, unnamed, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW);
	output->temporary_exists = !result;
	free(unnamed);
	return result;
}

void output_commit(struct output *output)
{
	if (output->path && name_temporary(output))
		fail("%s:", output->name);
	/* a full disk may show only now */
	if (close(output->file) && errno != EINTR)
		fail("%s:", output->name);
	if (output->path && rename(output->temporary, output->path))
		fail("%s:", output->name);
	output->temporary_exists = false;
}

void output_is_last_stage(void)
{
	last_stage = true;
}

bool output_feeds_next_stage(void)
{
	return next_stage_reads && !last_stage;
}

void output_remove_temporaries(void)
{
	for (size_t i = 0; i < output_count; i++)
		if (outputs[i].temporary_exists)
			unlink(outputs[i].temporary);
}

void output_abandon(int exit_status)
{
	struct stat status;

	output_remove_temporaries();
	if (output_feeds_next_stage() && !wrote_to_stdout && !fstat(STDOUT_FILENO, &status) &&
	    S_ISFIFO(status.st_mode))
		(void)!write(
		    STDOUT_FILENO, FAILURE_MARK "\n\n", strlen(FAILURE_MARK) + exit_status - 1);
}
