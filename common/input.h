/* Reading a whole input into memory. */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>

struct input {
	const char *name; /* as the user wrote it; `<stdin>` for standard input */
	const unsigned char *data;
	size_t size;
};

/* Reads all of the file name, standard input where name is NULL or `-`. A regular file is mapped,
 * anything else is read to its end. The memory stays until the program ends. Fails on anything
 * that cannot be read and on an empty input, silently where the producer of a pipe has failed
 * (pipeline.h). */
struct input input_read(const char *name);

/* The same of a list of symbols or a response file, which may be empty: its size is 0. Fails on
 * more than 256 MiB: a device may have no end. */
struct input input_read_text(const char *name);

/* The same of a file that must be a regular one, and that is opened once, however often it is read.
 */
struct input input_read_regular(const char *name);

/* Reads standard input to its end where it is a pipe, and fails silently if its producer has. */
void input_fail_with_producer(void);

/* Where the input, which is not whole, is what another program has written to standard input: what
 * is to be said of its end. Ends the program where a driver has started that one: it was killed.
 * Empty elsewhere. */
const char *input_blame(struct input input);

/* The regular file that was read with input_read and that holds these bytes, and their offset in
 * it. NULL where they are of another origin, standard input included. */
const char *input_file_of(const unsigned char *data, size_t size, size_t *offset);

/* Bytes that input_read has delivered so far. */
extern size_t input_bytes;

#endif
