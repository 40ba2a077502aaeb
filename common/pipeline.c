#include "pipeline.h"
#include "array.h"
#include "memory.h"
#include "message.h"
#include "resource-limits.h"
#include "standard-files.h"
#include "system.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mark of the highest status; it has LEAST_MARK newlines for status 1. */
static const char mark[] = "\n\n\n\n\n\n";
enum { LEAST_MARK = 3 };

static const char toolsets_variable[] = "BPF_LINKER_TOOLSETS",
		  producer_variable[] = "BPF_LINKER_STAGE_BEFORE",
		  name_variable[] = "BPF_LINKER_INPUT";

void (*pipeline_before_exec)(void);

static const char *driver; /* its process number */
static bool may_retry, may_explain, is_last_stage;
static int output_file = STDOUT_FILENO;

static void give_up(int unused)
{
	(void)unused;
	if (message_cleanup)
		message_cleanup(STATUS_UNREADABLE);
	_exit(STATUS_UNREADABLE);
}

/* Whether nobody but its parent knows of the process any more. proc(5) */
static bool has_ended(const char *process)
{
	char path[64], text[512] = "";

	if (kill(atoi(process), 0))
		return errno == ESRCH;
	snprintf(path, sizeof path, "/proc/%d/stat", atoi(process));
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = file < 0 ? 0 : read(file, text, sizeof text - 1);
	close(file);
	const char *name_end = count > 0 ? strrchr(text, ')') : NULL;
	return name_end && !strncmp(name_end, ") Z", 3);
}

void pipeline_join(void)
{
	const char *limit = getenv("BPF_LINKER_TIME_LIMIT");

	driver = getenv("BPF_LINKER_PIPELINE");
	if (!driver)
		return;
	may_retry = getenv("BPF_LINKER_RETRY");
	may_explain = getenv("BPF_LINKER_EXPLAIN");
	if (limit) {
		signal(SIGALRM, give_up);
		alarm(atoi(limit));
	}
	/* a driver that is killed must leave no stage behind */
	system_end_with_parent();
	if (atoi(driver) != getppid() && has_ended(driver))
		_exit(1);
	if (atoi(driver) != getppid())
		fail("the bpf-linker that BPF_LINKER_PIPELINE names, process %s, is not what "
		     "started this",
		    driver);
	message_command = "bpf-linker";
}

static char **stage_arguments;
static void (*start_next_stage)(void);
struct bytes {
	ARRAY(unsigned char);
};
static struct bytes received, handed_on;
static const void *(*serialize_received)(size_t *size), *(*serialize_handed_on)(size_t *size);
static bool has_stage_before;
static const char *name_of_received;

void pipeline_begin_stage(char **arguments, void (*start_next)(void))
{
	stage_arguments = arguments;
	start_next_stage = start_next;
}

char **pipeline_words(void)
{
	return stage_arguments;
}

bool pipeline_has_next_stage(void)
{
	return start_next_stage;
}

void pipeline_hand_on(const void *data, size_t size)
{
	array_reserve(&handed_on, size);
	memcpy(handed_on.items + handed_on.count, data, size);
	handed_on.count += size;
}

bool pipeline_has_stage_before(void)
{
	return has_stage_before;
}

void pipeline_hand_on_in_memory(const void *(*serialize)(size_t *size))
{
	static const char bitcode_magic[] = {'B', 'C', '\xc0', '\xde'};

	serialize_handed_on = serialize;
	pipeline_hand_on(bitcode_magic, sizeof bitcode_magic); /* or the input would be empty */
}

bool pipeline_received_in_memory(void)
{
	return serialize_received;
}

const void *pipeline_received(size_t *size)
{
	if (!has_stage_before)
		return NULL;
	*size = received.count;
	return received.items ? (const void *)received.items : "";
}

void pipeline_name_next(const char *name)
{
	name_of_received = name;
}

const char *pipeline_received_name(void)
{
	return name_of_received || !driver ? name_of_received : getenv(name_variable);
}

static void release_for_exec(void)
{
	limits_lift();
	message_release_stderr();
	if (pipeline_before_exec)
		pipeline_before_exec();
}

/* A file in memory that has the bytes, for another program. */
static int open_with(const char *name, const void *data, size_t size)
{
	int file = system_open_memory(name, false);
	const char *next = data;

	while (size && file >= 0) {
		ssize_t count = write(file, next, size);
		if (count < 0 && errno != EINTR)
			fail("cannot start the next stage:");
		next += count < 0 ? 0 : count;
		size -= count < 0 ? 0 : count;
	}
	if (file < 0 || lseek(file, 0, SEEK_SET))
		fail("cannot start the next stage:");
	return file;
}

/* The text of a response file (words.h) that stands for the words, which end in NULL. */
static char *response_file_of(char **words)
{
	size_t size = 1;

	for (size_t i = 0; words[i]; i++)
		size += 2 * strlen(words[i]) + 3;
	char *text = xcalloc(size, 1), *end = text;
	for (size_t i = 0; words[i]; i++) {
		for (const char *next = words[i]; *next; next++) {
			if (isspace((unsigned char)*next) || strchr("'\"\\", *next))
				*end++ = '\\';
			*end++ = *next;
		}
		end = stpcpy(end, *words[i] ? "\n" : "''\n");
	}
	return text;
}

/* The command line, as long as that of a program may be: Linux takes 128 KiB in a word. */
static char **shorten(char **arguments)
{
	enum { LONGEST = 100000 };
	size_t size = 0;

	for (char **argument = arguments; *argument; argument++)
		size += strlen(*argument) + 1;
	if (size <= LONGEST)
		return arguments;
	const char *text = response_file_of(arguments + 1);
	char **shorter = xcalloc(3, sizeof *shorter);
	shorter[0] = arguments[0];
	shorter[1] = xasprintf("@/dev/fd/%d", open_with("arguments", text, strlen(text)));
	return shorter;
}

void pipeline_start_afresh(void)
{
	if (!has_stage_before)
		return;
	if (serialize_received)
		received.items = (unsigned char *)serialize_received(&received.count);
	standard_file_replace(STDIN_FILENO, open_with("module", received.items, received.count));
	if (name_of_received)
		setenv(name_variable, name_of_received, true);
	release_for_exec();
	system_run_again(shorten(stage_arguments));
	fail("cannot start the next stage:");
}

/* The toolset */

bool pipeline_chooses_toolset(void)
{
	return getenv(toolsets_variable) && !getenv(producer_variable);
}

bool pipeline_awaits_toolset(void)
{
	return stage_arguments && getenv(toolsets_variable) && getenv(producer_variable);
}

/* The version of a toolset, 0 where none suits. */
static unsigned long choose_toolset(unsigned least, bool all_known)
{
	char *list = xstrdup(getenv(toolsets_variable)), *word;
	unsigned long chosen = 0;

	while ((word = strsep(&list, " "))) {
		unsigned long version = strtoul(word, NULL, 10);
		if (version && version >= least &&
		    (!chosen || (all_known ? version < chosen : version > chosen)))
			chosen = version;
	}
	return chosen;
}

/* The folder that a path to a file in it, or below it, begins with; NULL where it names none. */
static const char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, slash - path) : NULL;
}

const char *pipeline_toolsets(void)
{
	const char *own = pipeline_awaits_toolset() ? folder_of(stage_arguments[0]) : NULL;

	return own ? folder_of(own) : NULL;
}

void pipeline_settle_toolset(unsigned least, bool all_known)
{
	unsigned long version = choose_toolset(least, all_known);

	if (!version)
		fail_silently(STATUS_OTHER_TOOLSET);
	dprintf(STDOUT_FILENO, "/%lu\t\n", version);
}

/* Runs the program of another toolset in the place of this one. */
static _Noreturn void start_in(const char *toolset)
{
	const char *slash = strrchr(*stage_arguments, '/');
	const char *program = xasprintf("%s/%s", toolset, slash ? slash + 1 : *stage_arguments);

	release_for_exec();
	*stage_arguments = (char *)program;
	execv(program, shorten(stage_arguments));
	fail("'%s' cannot be run; install bpf-linker again:", program);
}

size_t pipeline_take_toolset(const unsigned char *data, size_t size)
{
	if (!pipeline_awaits_toolset() || !size)
		return 0;
	const char *own = folder_of(stage_arguments[0]), *toolsets = own ? folder_of(own) : NULL;
	if (*data != '/' || !toolsets) { /* the mark of a failure */
		unsetenv(toolsets_variable);
		return 0;
	}
	if (data[size - 1] != '\n')
		return 0;
	unsetenv(toolsets_variable);
	const char *toolset =
	    xasprintf("%s/llvm-%lu", toolsets, strtoul((const char *)data + 1, NULL, 10));
	if (strcmp(toolset, own) != 0)
		start_in(toolset);
	return size;
}

void pipeline_start_next_stage(void)
{
	if (!start_next_stage)
		return;
	has_stage_before = true;
	received = handed_on;
	serialize_received = serialize_handed_on;
	handed_on = (struct bytes){NULL};
	serialize_handed_on = NULL;
	start_next_stage();
}

bool pipeline_has_driver(void)
{
	return driver;
}

bool pipeline_may_retry(void)
{
	return may_retry && !strcmp(program_name, "bpf-merge");
}

bool pipeline_may_explain(void)
{
	return may_explain;
}

void pipeline_set_last_stage(void)
{
	is_last_stage = true;
}

bool pipeline_is_last_stage(void)
{
	return is_last_stage;
}

void pipeline_set_output(int file)
{
	output_file = file;
}

/* Whether a stage may read our output. */
static bool feeds_next_stage(void)
{
	return output_file == STDOUT_FILENO && !is_last_stage;
}

void pipeline_wait_for(int file)
{
	int reader = feeds_next_stage() ? STDOUT_FILENO : -1;
	struct pollfd files[] = {{file, POLLIN, 0}, {reader, 0, 0}};

	while (poll(files, 2, -1) < 0 && errno == EINTR)
		;
	if (!files[0].revents && files[1].revents & POLLERR)
		fail_silently(1);
}

void pipeline_fail_with_producer(const void *data, size_t size)
{
	if (size >= LEAST_MARK && size <= strlen(mark) && !memcmp(data, mark, size))
		fail_silently(size - LEAST_MARK + 1);
}

const char *pipeline_producer(void)
{
	return driver ? getenv(producer_variable) : NULL;
}

void pipeline_leave_mark(int exit_status)
{
	struct stat status;

	if (feeds_next_stage() && !fstat(STDOUT_FILENO, &status) && S_ISFIFO(status.st_mode))
		(void)!write(STDOUT_FILENO, mark, LEAST_MARK + exit_status - 1);
}
