/* Writing the result: all of it, or nothing. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output;

/* Opens the output path, standard output where path is NULL or `-`. A regular file gets its new
 * content only in output_commit; until then it stays as it was. It keeps its owner and mode, and
 * links to it stay. What is not a regular file (/dev/stdout, a pipe) is written directly. Fails
 * where the output cannot be written, where the path leads through a link of another user's in a
 * directory like /tmp, or where binary bytes would go to a terminal. */
struct output *output_open(const char *path, bool binary);

/* Opens the file path for messages, to be appended, which is made where it is not there. Returns
 * the descriptor, -1 with errno set where it cannot be written; fails on a link that output_open
 * fails on. */
int output_open_log(const char *path);

/* The same, but that nothing is written. */
struct output *output_open_none(void);

/* What output_open, or output_open_log, changes for the path: the directory in which it makes or
 * replaces the file; or a file that is there and is written as it is. NULL where it fails, or where
 * the path is `-`. */
const char *output_place(const char *path, bool is_log);

/* Whether two paths, of which the first may be NULL, name the same output, also where there is no
 * such file yet. /dev/null is never the same. Fails on a link that output_open fails on. */
bool output_is_same(const char *path, const char *other);

/* Appends bytes. Fails with the output's name and the cause. */
void output_write(struct output *output, const void *data, size_t size);

/* Puts the output in place and closes it; fails where that cannot be done. */
void output_commit(struct output *output);

/* Removes temporary files and does no more: the program is asked to end. The next stage then finds
 * its input empty, and says so. Safe in a signal handler. */
void output_remove_temporaries(void);

/* Another program is to take the place of this one, and opens the outputs itself: removes temporary
 * files, and leaves it open what is written directly, for the reader of a FIFO would take its end
 * for that of the output. */
void output_leave_to_next_program(void);

/* Leaves every output that is not committed as it was before: removes temporary files, and leaves
 * the next stage the mark of a failure (pipeline.h). What message_cleanup is to be. Safe in a
 * signal handler. */
void output_abandon(int status);

/* Forgets the outputs, which must be committed. */
void output_reset(void);

/* Bytes that output_write has taken so far. */
extern size_t output_bytes;

#endif
