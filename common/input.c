#include "input.h"
#include "message.h"
#include "output.h"
#include "standard-files.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

size_t input_bytes;
static struct input *mapped; /* regular files, but standard input by any name */
static size_t mapped_count;

enum { PIPE_SIZE = 1 << 20 };

/* Waits until the file can be read, unless what is read would be of use to nobody: the stage that
 * reads our output is gone. */
static void wait_for_data(int file)
{
	int reader = output_feeds_next_stage() ? STDOUT_FILENO : -1;
	struct pollfd files[] = {{file, POLLIN, 0}, {reader, 0, 0}};

	while (poll(files, 2, -1) < 0 && errno == EINTR)
		;
	if (!files[0].revents && files[1].revents & POLLERR)
		fail_silently(1);
}

static struct input read_to_end(const char *name, int file)
{
	size_t size = 0, room = PIPE_SIZE;
	unsigned char *data = xrealloc(NULL, room);
	ssize_t count;

	wait_for_data(file);
	while ((count = read(file, data + size, room - size)) != 0) {
		if (count < 0 && errno != EINTR && errno != EAGAIN)
			fail("%s:", name);
		size += count < 0 ? 0 : count;
		if (size == room)
			data = xrealloc(data, room *= 2);
		wait_for_data(file);
	}
	return (struct input){name, data, size};
}

static bool is_pipe(int file)
{
	struct stat status;

	return !fstat(file, &status) && S_ISFIFO(status.st_mode);
}

static void fail_with_producer(struct input input)
{
	size_t mark_size = strlen(FAILURE_MARK);
	int status = (int)(input.size - mark_size) + 1;

	if (status >= 1 && status <= 3 && !memcmp(input.data, FAILURE_MARK "\n\n", input.size))
		fail_silently(status);
}

void input_fail_with_producer(void)
{
	if (is_pipe(STDIN_FILENO))
		fail_with_producer(read_to_end("<stdin>", STDIN_FILENO));
}

static bool is_stdin(const char *name)
{
	return !name || !strcmp(name, "-");
}

static bool is_same_file(const struct stat *status, int file)
{
	struct stat other;

	return !fstat(file, &other) && other.st_dev == status->st_dev &&
	       other.st_ino == status->st_ino;
}

struct input input_read_any(const char *name)
{
	bool from_stdin = is_stdin(name);
	struct input input = {.name = from_stdin ? "<stdin>" : name};
	struct stat status;

	if (from_stdin && standard_file_was_closed(STDIN_FILENO)) {
		errno = EBADF;
		fail("%s:", input.name);
	}
	/* opening a pipe must not wait for its writer: read_to_end does that */
	int file = from_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0 || fstat(file, &status))
		fail("%s:", input.name);
	if (S_ISDIR(status.st_mode))
		fail("%s: is a directory", input.name);
	if (S_ISREG(status.st_mode) && status.st_size > 0 && lseek(file, 0, SEEK_CUR) == 0) {
		input.size = status.st_size;
		input.data = mmap(NULL, input.size, PROT_READ, MAP_PRIVATE, file, 0);
		if (input.data == MAP_FAILED)
			fail("%s:", input.name);
		if (!from_stdin && !is_same_file(&status, STDIN_FILENO)) {
			mapped = xrealloc(mapped, (mapped_count + 1) * sizeof *mapped);
			mapped[mapped_count++] = input;
		}
	} else {
		if (S_ISFIFO(status.st_mode))
			fcntl(file, F_SETPIPE_SZ, PIPE_SIZE);
		input = read_to_end(input.name, file);
	}
	if (!from_stdin)
		close(file);

	if (S_ISFIFO(status.st_mode))
		fail_with_producer(input);
	input_bytes += input.size;
	return input;
}

struct input input_read(const char *name)
{
	struct input input = input_read_any(name);

	if (input.size == 0)
		fail("%s: is empty%s", input.name,
		    is_stdin(name) && is_pipe(STDIN_FILENO)
			? "; the command that writes to it was killed, or had nothing to say"
			: "");
	return input;
}

const char *input_file_of(const unsigned char *data, size_t size, size_t *offset)
{
	static size_t last; /* neighbours are asked for one after the other */

	for (size_t i = 0; i < mapped_count; i++, last++) {
		const struct input *file = &mapped[last %= mapped_count];
		if (data < file->data || data - file->data >= (ptrdiff_t)file->size)
			continue;
		*offset = data - file->data;
		return size <= file->size - *offset ? file->name : NULL;
	}
	return NULL;
}
