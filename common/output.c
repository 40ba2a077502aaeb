#include "output.h"
#include "memory.h"
#include "message.h"
#include "pipeline.h"
#include "printable.h"
#include "standard-files.h"
#include "system.h"
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
	bool is_new;           /* there was nothing to replace when it was opened */
	const char *temporary; /* beside path */
	bool temporary_exists; /* else the file has no name yet; also a moment before and after */
	bool is_terminal;
	bool is_handed_on; /* to the next stage, in memory */
	bool is_discarded;
};

/* the main output, --map's and --dump-module's */
static struct output outputs[3];
static size_t output_count;
static bool wrote_to_stdout;
size_t output_bytes;

/* Whether anybody may have put it there, as the kernel's protected_symlinks tells. */
static bool is_of_stranger(const struct stat *entry, const char *directory)
{
	const mode_t common = S_ISVTX | S_IWOTH;
	struct stat status;

	return entry->st_uid != geteuid() && !stat(*directory ? directory : ".", &status) &&
	       (status.st_mode & common) == common && status.st_uid != entry->st_uid;
}

/* The path without links in it, whether there is such a file or not. NULL where there is a link
 * that is not to be trusted, *strange then, or which cannot be followed, errno is set then. */
static const char *try_resolve(const char *path, const char **strange)
{
	enum { MOST_LINKS = 40 };
	const char *done = *path == '/' ? "/" : "", *rest = path;
	int links = 0, process, descriptor;

	for (;;) {
		char target[4096] = "";
		struct stat status;
		rest += strspn(rest, "/");
		if (!*rest)
			return done;
		size_t length = strcspn(rest, "/");
		const char *name = xasprintf("%s%.*s", done, (int)length, rest);
		rest += length;
		if (system_is_descriptor(name, &process, &descriptor))
			return name;
		if (lstat(name, &status) || !S_ISLNK(status.st_mode)) {
			if (!*rest)
				return name;
			done = xasprintf("%s/", name);
			continue;
		}
		*strange = is_of_stranger(&status, done) ? name : NULL;
		errno = ELOOP;
		if (*strange || links++ == MOST_LINKS ||
		    readlink(name, target, sizeof target - 1) < 0)
			return NULL;
		rest = xasprintf("%s%s", target, rest);
		if (*target == '/')
			done = "/";
	}
}

/* The same, but fails where that cannot be done. */
static const char *resolve(const char *path)
{
	const char *strange = NULL, *resolved = try_resolve(path, &strange);

	if (strange)
		fail("%s: '%s' is another user's link in a directory that everyone can write to; "
		     "remove it, or name another file",
		    path, strange);
	if (!resolved)
		fail("%s:", path);
	return resolved;
}

static const char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? "." : slash == path ? "/" : xstrndup(path, slash - path);
}

/* What is replaced keeps its owner and mode; but a stranger's file is nothing to go by. */
static void keep_permissions(struct output *output, const char *directory)
{
	struct stat old, new;

	if (lstat(output->path, &old) || is_of_stranger(&old, directory) ||
	    fstat(output->file, &new))
		return;
	if (old.st_uid != new.st_uid || old.st_gid != new.st_gid)
		(void)!fchown(output->file, old.st_uid, old.st_gid);
	if ((old.st_mode ^ new.st_mode) & 0777)
		fchmod(output->file, old.st_mode & 0777);
}

/* The file to write, -1 with errno set where there can be none. */
static int open_temporary(struct output *output, const char *path)
{
	const char *directory = directory_of(path);
	struct timespec now;

	output->path = path;
	clock_gettime(CLOCK_REALTIME, &now); /* process numbers come again, in containers soon */
	output->temporary = xasprintf(
	    "%s/.bpf-linker.%ld.%ld.%td", directory, (long)getpid(), now.tv_nsec, output - outputs);
	output->file = system_open_unnamed(directory);
	if (output->file < 0) {
		output->temporary_exists = true;
		output->file =
		    open(output->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		output->temporary_exists = output->file >= 0;
	}
	if (output->file >= 0)
		keep_permissions(output, directory);
	return output->file;
}

/* What the user has open; -1 with errno set where that is none, but this program's own. */
static int descriptor_of_user(int descriptor)
{
	bool is_standard = descriptor <= STDERR_FILENO;
	int flags = is_standard ? 0 : fcntl(descriptor, F_GETFD);

	if (is_standard ? standard_file_was_closed(descriptor) : flags < 0 || flags & FD_CLOEXEC) {
		errno = EBADF;
		return -1;
	}
	return descriptor == STDERR_FILENO ? message_file() : descriptor;
}

/* The same for any path. */
static int open_path(struct output *output, const char *path)
{
	int process, descriptor;
	struct stat status;

	if (system_is_descriptor(path, &process, &descriptor)) {
		if (process != getpid())
			return open(path, O_WRONLY | O_CLOEXEC);
		descriptor = descriptor_of_user(descriptor);
		return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
	}
	bool is_there = !lstat(path, &status);
	output->is_new = !is_there && errno == ENOENT;
	if (output->is_new || (is_there && S_ISREG(status.st_mode)))
		return open_temporary(output, path);
	return open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
}

struct output *output_open(const char *path, bool binary)
{
	struct output *output = &outputs[output_count];

	*output = (struct output){.file = STDOUT_FILENO, .name = path};
	if (output_count == 0 && pipeline_has_next_stage()) {
		if (path)
			fail_usage("-o '%s': the output goes to the stage after ':'", path);
		output->is_handed_on = true;
		output_count++;
		return output;
	}
	if (!path || !strcmp(path, "-"))
		output->name = "<stdout>";
	else
		output->file = open_path(output, resolve(path));
	if (output->file == STDOUT_FILENO && standard_file_was_closed(STDOUT_FILENO)) {
		output->file = -1;
		errno = EBADF;
	}
	if (output->file < 0)
		fail("%s:", output->name);
	if (output_count++ == 0)
		pipeline_set_output(output->file);
	output->is_terminal = isatty(output->file);
	if (binary && output->is_terminal)
		fail_usage("%s: will not write binary to a terminal", output->name);
	return output;
}

struct output *output_open_none(void)
{
	struct output *output = &outputs[output_count++];

	*output = (struct output){.is_discarded = true};
	return output;
}

const char *output_place(const char *path, bool is_log)
{
	const char *strange;
	const char *file = strcmp(path, "-") ? try_resolve(path, &strange) : NULL;
	struct stat status;
	int process, descriptor;

	if (!file)
		return NULL;
	if (stat(file, &status))
		return directory_of(file);
	bool is_written =
	    is_log || system_is_descriptor(file, &process, &descriptor) || !S_ISREG(status.st_mode);
	return is_written ? file : directory_of(file);
}

int output_open_log(const char *path)
{
	int process, descriptor;
	const char *file = resolve(path);
	bool is_link = system_is_descriptor(file, &process, &descriptor);

	/* a FIFO without a reader would be waited for */
	int log = open(file,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | (is_link ? 0 : O_NOFOLLOW),
	    0666);
	if (log >= 0)
		fcntl(log, F_SETFL, O_APPEND);
	return log;
}

static int status_of(const char *path, struct stat *status)
{
	return path ? stat(path, status) : fstat(STDOUT_FILENO, status);
}

/* Of paths without links, NULL for standard output. */
static bool is_same_file(const char *path, const char *other)
{
	struct stat status, other_status, null;
	bool exists = !status_of(path, &status), other_exists = !status_of(other, &other_status);

	if (exists && other_exists)
		return status.st_dev == other_status.st_dev &&
		       status.st_ino == other_status.st_ino &&
		       (stat("/dev/null", &null) || null.st_rdev != status.st_rdev);
	if (exists || other_exists || !path || !other)
		return false;
	const char *name = strrchr(path, '/'), *other_name = strrchr(other, '/');
	return !strcmp(name ? name + 1 : path, other_name ? other_name + 1 : other) &&
	       is_same_file(directory_of(path), directory_of(other));
}

bool output_is_same(const char *path, const char *other)
{
	return is_same_file(path && strcmp(path, "-") ? resolve(path) : NULL,
	    strcmp(other, "-") ? resolve(other) : NULL);
}

void output_write(struct output *output, const void *data, size_t size)
{
	const char *next = data;
	char *shown = NULL;

	output_bytes += size;
	if (output->is_discarded)
		return;
	if (output->is_handed_on) {
		pipeline_hand_on(data, size);
		return;
	}
	if (output->is_terminal) {
		next = shown = memcpy(xcalloc(size + 1, 1), data, size);
		size = printable(shown, size, "\n\t");
	}
	while (size > 0) {
		ssize_t count = write(output->file, next, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EPIPE && !pipeline_is_last_stage())
			fail_silently(1);
		if (count < 0)
			fail("%s:", output->name);
		wrote_to_stdout |= output->file == STDOUT_FILENO;
		next += count;
		size -= count;
	}
	free(shown);
}

/* A full disk may show only when the file is closed: a copy of its descriptor tells the same. */
static int close_copy(int file)
{
	int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);

	return copy < 0 || (close(copy) && errno != EINTR) ? -1 : 0;
}

/* Links the file without a name to the temporary one. A signal may come at any time. */
static int name_temporary(struct output *output)
{
	if (output->temporary_exists)
		return 0;
	output->temporary_exists = true;
	int result = system_name_file(output->file, output->temporary);
	output->temporary_exists = !result;
	return result;
}

/* No name that is taken can be linked to: only what replaces a file needs a temporary one. */
static int put_in_place(struct output *output)
{
	if (close_copy(output->file))
		return -1;
	if (output->is_new && !output->temporary_exists) {
		if (!system_name_file(output->file, output->path))
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	if (name_temporary(output) || rename(output->temporary, output->path))
		return -1;
	output->temporary_exists = false;
	return 0;
}

void output_commit(struct output *output)
{
	if (output->is_handed_on || output->is_discarded)
		return;
	if (output->path && put_in_place(output))
		fail("%s:", output->name);
	if (close(output->file) && errno != EINTR && !output->path)
		fail("%s:", output->name);
	output->file = -1;
}

void output_remove_temporaries(void)
{
	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
		if (outputs[i].temporary_exists)
			unlink(outputs[i].temporary);
}

void output_leave_to_next_program(void)
{
	output_remove_temporaries();
	for (size_t i = 0; i < output_count; i++)
		if (outputs[i].file > STDERR_FILENO && !outputs[i].path)
			fcntl(outputs[i].file, F_SETFD, 0);
}

void output_reset(void)
{
	output_count = 0;
	output_bytes = 0;
}

void output_abandon(int status)
{
	output_remove_temporaries();
	if (!wrote_to_stdout)
		pipeline_leave_mark(status);
}
