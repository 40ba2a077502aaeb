#include "message.h"
#include "output.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const message_level_names[] = {"off", "error", "warn", "info", "debug", "trace", NULL};
static const char *const level_words[] = {"", "error", "warning", "info", "debug", "trace"};

const char *program_name;
const char *volatile message_subject;

static enum message_level shown_level = LEVEL_WARN;
static int log_file = -1;
static int stderr_file = STDERR_FILENO, captured_file = -1;
static bool error_was_said;
bool message_pass_on;
bool message_another_llvm_waits;

void message_set_level(enum message_level level)
{
	shown_level = level;
}

int message_set_file(const char *path)
{
	log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return log_file < 0 ? -1 : 0;
}

int message_file(void)
{
	return stderr_file;
}

bool message_error_was_said(void)
{
	return error_was_said;
}

void message_capture_stderr(void)
{
	int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	captured_file = memfd_create("stderr", MFD_CLOEXEC);
	if (copy < 0 || captured_file < 0)
		return;
	stderr_file = copy;
	dup2(captured_file, STDERR_FILENO);
}

char *message_take_captured(void)
{
	off_t size = captured_file < 0 ? 0 : lseek(captured_file, 0, SEEK_END);
	char *text = xcalloc(size + 1, 1);

	if (size > 0 &&
	    (pread(captured_file, text, size, 0) != size || ftruncate(captured_file, 0)))
		*text = '\0';
	if (size > 0)
		lseek(captured_file, 0, SEEK_SET);
	return text;
}

void message_release_stderr(void)
{
	char *text = message_take_captured();

	if (*text && message_pass_on)
		(void)!write(log_file >= 0 ? log_file : stderr_file, text, strlen(text));
	else if (*text)
		message(LEVEL_INFO, "LLVM: %s", text);
	free(text);
}

static void say(enum message_level level, const char *format, va_list arguments, const char *hint)
{
	const char *cause = strerror(errno);
	bool wants_cause = *format && format[strlen(format) - 1] == ':';
	char *text, *line;

	if (vasprintf(&text, format, arguments) < 0)
		return;
	for (char *c = text + strlen(text); c > text && c[-1] == '\n'; *--c = '\0')
		;
	/* one line, whatever the names in it hold */
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
		else if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	error_was_said |= level == LEVEL_ERROR;
	/* one write for each line: the lines of stages that speak at once must not mix */
	int length = asprintf(&line, "%s: %s: %s%s%s%s\n", program_name, level_words[level], text,
	    wants_cause ? " " : "", wants_cause ? cause : "", hint);
	if (length < 0)
		return;
	if (log_file >= 0 && level <= shown_level)
		(void)!write(log_file, line, length);
	if (log_file < 0 || level == LEVEL_ERROR)
		(void)!write(stderr_file, line, length);
	free(line);
	free(text);
}

void message(enum message_level level, const char *format, ...)
{
	va_list arguments;

	if (level > shown_level && level != LEVEL_ERROR)
		return;
	va_start(arguments, format);
	say(level, format, arguments, "");
	va_end(arguments);
}

void fail_silently(int status)
{
	message_release_stderr();
	output_abandon(status);
	_exit(status);
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(LEVEL_ERROR, format, arguments, "");
	va_end(arguments);
	fail_silently(1);
}

void fail_usage(const char *format, ...)
{
	va_list arguments;
	char *hint = xasprintf("; see '%s --help'", program_name);

	va_start(arguments, format);
	say(LEVEL_ERROR, format, arguments, hint);
	va_end(arguments);
	fail_silently(2);
}

void *xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		fail("out of memory");
	return memory;
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	if (!memory)
		fail("out of memory");
	return memory;
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		fail("out of memory");
	return text;
}
