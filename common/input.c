#include "input.h"
#include "array.h"
#include "resource-limits.h"
#include "memory.h"
#include "message.h"
#include "pipeline.h"
#include "standard-files.h"
#include "system.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

size_t input_bytes;
static struct {
	ARRAY(struct input);
} mapped;                          /* regular files, but standard input by any name */
static const unsigned char *piped; /* what came through standard input */

enum { PIPE_SIZE = 1 << 20, MOST_MEBIBYTES_OF_TEXT = 256 };

enum kind_of_input { ANY, REGULAR, TEXT };

static void check_size_of(enum kind_of_input kind, const char *name, size_t size)
{
	if (kind == TEXT && size > (size_t)MOST_MEBIBYTES_OF_TEXT << 20)
		fail("%s: is larger than %d MiB, the most that a list of symbols or a response "
		     "file may have",
		    name, MOST_MEBIBYTES_OF_TEXT);
}

static struct input read_to_end(const char *name, int file, enum kind_of_input kind)
{
	struct {
		ARRAY(unsigned char);
	} data = {NULL};
	ssize_t count;

	array_reserve(&data, PIPE_SIZE);
	pipeline_wait_for(file);
	while ((count = read(file, data.items + data.count,
		    file == STDIN_FILENO && pipeline_awaits_toolset()
			? 1
			: data.capacity - data.count)) != 0) {
		if (count < 0 && errno != EINTR && errno != EAGAIN)
			fail("%s:", name);
		data.count += count < 0 ? 0 : count;
		check_size_of(kind, name, data.count);
		if (file == STDIN_FILENO)
			data.count -= pipeline_take_toolset(data.items, data.count);
		message_subject = name; /* where it takes more memory than there is */
		array_reserve(&data, 1);
		message_subject = NULL;
		pipeline_wait_for(file);
	}
	return (struct input){name, data.items, data.count};
}

static bool is_pipe(int file)
{
	struct stat status;

	return !fstat(file, &status) && S_ISFIFO(status.st_mode);
}

void input_fail_with_producer(void)
{
	if (!is_pipe(STDIN_FILENO))
		return;
	struct input input = read_to_end("<stdin>", STDIN_FILENO, ANY);
	pipeline_fail_with_producer(input.data, input.size);
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

/* Only the driver's first stage has the user's. */
static const char *name_of_stdin(void)
{
	bool is_ours =
	    pipeline_producer() || (pipeline_has_driver() && pipeline_has_stage_before());

	if (pipeline_received_name())
		return pipeline_received_name();
	return is_ours ? "the linked module" : "<stdin>";
}

static struct input read_any(const char *name, enum kind_of_input kind)
{
	bool from_stdin = is_stdin(name);
	struct input input = {.name = from_stdin ? name_of_stdin() : name};
	struct stat status;

	if (from_stdin)
		input.data = pipeline_received(&input.size);
	if (input.data) {
		input_bytes += input.size;
		return input;
	}
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
	if (kind == REGULAR && !S_ISREG(status.st_mode))
		fail("%s: is not a regular file", input.name);
	if (S_ISREG(status.st_mode) && status.st_size > 0 && lseek(file, 0, SEEK_CUR) == 0) {
		input.size = status.st_size;
		check_size_of(kind, input.name, input.size);
		input.data = mmap(NULL, input.size, PROT_READ, MAP_PRIVATE, file, 0);
		if (input.data == MAP_FAILED)
			fail("%s:", input.name);
		if (!from_stdin && !is_same_file(&status, STDIN_FILENO))
			array_add(&mapped, input);
	} else {
		if (S_ISFIFO(status.st_mode))
			system_widen_pipe(file, PIPE_SIZE);
		input = read_to_end(input.name, file, kind);
		if (from_stdin)
			piped = input.data;
	}
	if (!from_stdin)
		close(file);

	if (S_ISFIFO(status.st_mode))
		pipeline_fail_with_producer(input.data, input.size);
	input_bytes += input.size;
	limits_raise(input_bytes);
	return input;
}

struct input input_read_text(const char *name)
{
	return read_any(name, TEXT);
}

const char *input_blame(struct input input)
{
	const char *producer = pipeline_producer();

	if (!piped || input.data != piped || !is_pipe(STDIN_FILENO))
		return "";
	if (producer)
		fail("%s was killed, perhaps since memory ran out", producer);
	return input.size ? ""
			  : "; the command that writes to it was killed, or had nothing to say";
}

static struct input check_size(struct input input)
{
	if (input.size == 0)
		fail("%s: is empty%s", input.name, input_blame(input));
	return input;
}

struct input input_read(const char *name)
{
	return check_size(read_any(name, ANY));
}

struct input input_read_regular(const char *name)
{
	for (size_t i = mapped.count; i-- > 0;)
		if (!strcmp(mapped.items[i].name, name))
			return mapped.items[i];
	return check_size(read_any(name, REGULAR));
}

const char *input_file_of(const unsigned char *data, size_t size, size_t *offset)
{
	static size_t last; /* neighbours are asked for one after the other */

	for (size_t i = 0; i < mapped.count; i++, last++) {
		const struct input *file = &mapped.items[last %= mapped.count];
		if (data < file->data || data - file->data >= (ptrdiff_t)file->size)
			continue;
		*offset = data - file->data;
		return size <= file->size - *offset ? file->name : NULL;
	}
	return NULL;
}
