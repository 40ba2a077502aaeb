#include "message.h"
#include "printable.h"
#include "resource-limits.h"
#include "system.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const message_level_names[] = {"off", "error", "warn", "info", "debug", "trace", NULL};
static const char *const level_words[] = {"", "error", "warning", "info", "debug", "trace"};

const char *program_name, *message_command;
const char *volatile message_subject;

static enum message_level shown_level = LEVEL_WARN;
static int log_file = -1;
static int stderr_file = STDERR_FILENO, captured_file = -1;
static bool error_was_said;
bool message_pass_on;
void (*message_cleanup)(int status);

void message_set_level(enum message_level level)
{
	shown_level = level;
}

bool message_shows(enum message_level level)
{
	return level <= shown_level || level == LEVEL_ERROR;
}

void message_set_file(int file)
{
	log_file = file;
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

	captured_file = system_open_memory("stderr", true);
	if (copy < 0 || captured_file < 0)
		return;
	stderr_file = copy;
	dup2(captured_file, STDERR_FILENO);
}

/* As message_take_captured, but NULL when memory runs out. */
static char *take_captured(void)
{
	off_t size = captured_file < 0 ? 0 : lseek(captured_file, 0, SEEK_END);
	char *text = calloc(size > 0 ? size + 1 : 1, 1);

	if (text && size > 0 &&
	    (pread(captured_file, text, size, 0) != size || ftruncate(captured_file, 0)))
		*text = '\0';
	if (size > 0)
		lseek(captured_file, 0, SEEK_SET);
	return text;
}

char *message_take_captured(void)
{
	char *text = take_captured();

	if (!text)
		fail("%s", limits_memory_text());
	return text;
}

void message_read_captured(char *text, size_t size)
{
	off_t end = captured_file < 0 ? 0 : lseek(captured_file, 0, SEEK_END);
	ssize_t count = pread(captured_file, text, size, end > (off_t)size ? end - (off_t)size : 0);

	text[count > 0 ? count : 0] = '\0';
}

void message_release_stderr(void)
{
	char *text = take_captured();

	if (text && *text && message_pass_on)
		(void)!write(log_file >= 0 ? log_file : stderr_file, text,
		    printable(text, strlen(text), "\n\t"));
	else if (text && *text)
		message(LEVEL_INFO, "LLVM: %s", text);
	free(text);
	if (captured_file < 0 || stderr_file == STDERR_FILENO)
		return;
	dup2(stderr_file, STDERR_FILENO);
	close(stderr_file);
	close(captured_file);
	stderr_file = STDERR_FILENO;
	captured_file = -1;
}

void message_reset(void)
{
	if (log_file >= 0)
		close(log_file);
	log_file = -1;
	shown_level = LEVEL_WARN;
	error_was_said = message_pass_on = false;
	message_subject = NULL;
}

/* One line, whatever the names in it hold. */
static void make_line(char *text)
{
	for (char *c = text + strlen(text); c > text && c[-1] == '\n'; *--c = '\0')
		;
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	text[printable(text, strlen(text), "")] = '\0';
}

static void write_line(enum message_level level, const char *line, size_t length)
{
	if (log_file >= 0 && level <= shown_level)
		(void)!write(log_file, line, length);
	if (log_file < 0 || level == LEVEL_ERROR)
		(void)!write(stderr_file, line, length);
}

void message_write_error(const char *text, size_t size)
{
	write_line(LEVEL_ERROR, text, size);
}

const char *message_speaker(enum message_level level)
{
	return message_command && level < LEVEL_DEBUG ? message_command : program_name;
}

static void say(
    enum message_level level, const char *format, va_list arguments, bool points_to_help)
{
	const char *cause = strerror(errno);
	bool wants_cause = *format && format[strlen(format) - 1] == ':';
	char *text = NULL, *line = NULL;
	int length = vasprintf(&text, format, arguments);

	error_was_said |= level == LEVEL_ERROR;
	if (length >= 0) {
		make_line(text);
		/* one write for each line: the lines of stages that speak at once must not mix */
		length = asprintf(&line, "%s: %s: %s%s%s%s%s%s\n", message_speaker(level),
		    level_words[level], text, wants_cause ? " " : "", wants_cause ? cause : "",
		    points_to_help ? "; see '" : "", points_to_help ? message_speaker(level) : "",
		    points_to_help ? " --help'" : "");
	}
	if (length >= 0) {
		write_line(level, line, length);
		free(line);
		free(text);
	} else {
		static const char no_memory[] = ": error: out of memory\n";
		const char *speaker = message_speaker(LEVEL_ERROR);
		message_write_error(speaker, strlen(speaker));
		message_write_error(no_memory, strlen(no_memory));
	}
}

void message(enum message_level level, const char *format, ...)
{
	va_list arguments;

	if (!message_shows(level))
		return;
	va_start(arguments, format);
	say(level, format, arguments, false);
	va_end(arguments);
}

void fail_silently(int status)
{
	message_release_stderr();
	if (message_cleanup)
		message_cleanup(status);
	_exit(status);
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(LEVEL_ERROR, format, arguments, false);
	va_end(arguments);
	fail_silently(1);
}

void fail_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(LEVEL_ERROR, format, arguments, true);
	va_end(arguments);
	fail_silently(2);
}
