/* What the program says, and how it ends when something is wrong. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

enum message_level { LEVEL_OFF, LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG, LEVEL_TRACE };

/* The level names in the order of enum message_level, ended by NULL. */
extern const char *const message_level_names[];

extern const char *program_name;

/* The command that the user has typed: it stands in front of messages, but for debug and trace, and
 * its --help has the options that were given. NULL for the program itself. */
extern const char *message_command;

/* The name that stands in front of a message. Safe in a signal handler. */
const char *message_speaker(enum message_level level);

/* The input that is being worked on, for the messages of LLVM's crashes; NULL when none is. */
extern const char *volatile message_subject;

/* Messages above level are not shown; an error always is. */
void message_set_level(enum message_level level);

/* Whether messages of that level are shown. */
bool message_shows(enum message_level level);

/* Messages go to the file instead of standard error; errors go to both. */
void message_set_file(int file);

/* Says `PROGRAM: error|warning|info|debug|trace: TEXT`, one line. A format that ends in a colon
 * gets strerror(errno) appended. */
void message(enum message_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes text where errors go. Safe in a signal handler. */
void message_write_error(const char *text, size_t size);

/* The descriptor of standard error. */
int message_file(void);

/* Whether an error was said before. */
bool message_error_was_said(void);

/* Keeps what LLVM writes to standard error by itself away from it. message_release_stderr logs it
 * at info level, or passes it on where the user may have asked for it (message_pass_on). */
void message_capture_stderr(void);
void message_release_stderr(void);
extern bool message_pass_on;

/* Forgets what was said and set: all is as at the start of the program. */
void message_reset(void);

/* Takes what was captured so far away: a copy for the caller to free, "" when there is
 * nothing. */
char *message_take_captured(void);

/* Reads the end of what was captured so far, at most size bytes, and a NUL. Safe in a signal
 * handler. */
void message_read_captured(char *text, size_t size);

/* Says an error and ends the program with status 1: the input or the link is at fault. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says an error that points to --help and ends the program with status 2: the command line is at
 * fault. */
_Noreturn void fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with status and no word: another has said what is wrong. */
_Noreturn void fail_silently(int status);

/* What is done before any of these ends the program, given the status: it leaves no half of an
 * output. NULL by default. */
extern void (*message_cleanup)(int status);

#endif
