/* Limits of the memory and the CPU time that reading an input may take: damaged bitcode may make
 * LLVM read for ever. What a program asks of the passes and of code generation has none. */
#ifndef RESOURCE_LIMITS_H
#define RESOURCE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

/* --no-limits */
extern bool limits_are_off;

/* Sets the limits; but those that the process has already, where these are lower, stay. A process
 * that reaches that of CPU time gets SIGXCPU, and allocations beyond that of memory fail. */
void limits_set(void);

/* Raises the limits for that many bytes of input, in all. */
void limits_raise(size_t bytes);

/* Puts back the limits that the process started with: all is read, or another program is to take
 * its place. */
void limits_lift(void);

/* Whether the process may open files, as it may at first. Where not, that fails with EMFILE. */
void limits_allow_files(bool allow);

/* What to say where memory or CPU time has run out: that, and which limit was reached if it was one
 * of these. Safe in a signal handler. */
const char *limits_memory_text(void);
const char *limits_time_text(void);

#endif
