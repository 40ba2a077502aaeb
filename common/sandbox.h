/* What a stage does not need, it gives up before it reads its input, which may have been made to
 * take LLVM over: to run programs, to reach the network, to make or change files that are not its
 * outputs, to look into other processes, to change the system. It lasts as long as the process.
 *
 * The kernel enforces it, by Landlock and seccomp; with what there is of both, links go on. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "array.h"
#include <stdbool.h>

/* --no-sandbox */
extern bool sandbox_is_off;

/* What the stages of the process still do. */
struct sandbox_needs {
	bool runs_itself;     /* start the program afresh (pipeline.h), */
	const char *programs; /* or one in this folder or below it, where there is one */
	bool writes_any_file; /* by a name that only LLVM knows */
	/* files that they write, which are there; and directories, in which, and below, they
	 * replace files or make them */
	struct {
		ARRAY(const char *);
	} places;
};

/* Gives up all else, where the kernel knows how. At --log-level=trace it says what that does. */
void sandbox_enter(const struct sandbox_needs *needs);

#endif
