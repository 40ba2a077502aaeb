/* Writing the result: all of it, or nothing. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output;

/* Opens the output path, standard output where path is NULL or `-`. A regular file gets its new
 * content only in output_commit; until then it stays as it was. What is not a regular file
 * (/dev/stdout, a pipe) is written directly. Fails where the output cannot be written, or where
 * binary bytes would go to a terminal. */
struct output *output_open(const char *path, bool binary);

/* Appends bytes. Fails with the output's name and the cause. */
void output_write(struct output *output, const void *data, size_t size);

/* Puts the output in place and closes it; fails where that cannot be done. */
void output_commit(struct output *output);

/* Removes temporary files and does no more: the program is asked to end. The next stage then finds
 * its input empty, and says so. Safe in a signal handler. */
void output_remove_temporaries(void);

/* Leaves every output that is not committed as it was before: removes temporary files, and tells
 * the next stage in the pipe that this one failed with the exit status 1, 2 or 3. Safe in a signal
 * handler. */
void output_abandon(int status);

/* Says that no stage of ours reads the output: a broken pipe is then an error with a message, and
 * a failure leaves no mark in the output. */
void output_is_last_stage(void);

/* Whether the main output goes to standard output, where a stage of ours may read it. */
bool output_feeds_next_stage(void);

/* Bytes that output_write has taken so far. */
extern size_t output_bytes;

#endif
