/* What the fuzzers share. A fuzzer is a file of this folder. It includes the source that it tries,
 * so that it reaches what is static there, and has in its place what would read files. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>

/* Each fuzzer's own: tries size bytes of data. fail() ends it, as it ends a tool. What it leaves in
 * memory stays there, as in a tool: scripts/dev/fuzz starts a new process from time to time. */
void fuzz(const unsigned char *data, size_t size);

/* Where it does not hold, the fuzzer has found something. */
void expect(bool holds, const char *what);
#define EXPECT(condition) expect(condition, #condition)

/* Whether the text is what may be shown on a terminal, and on one line. */
bool is_shown_safely(const char *text);

#endif
