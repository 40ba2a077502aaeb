/* Functions that never return, as those that Rust panics with: the verifier follows no code that
 * comes to no end. What they do is left, and where control does not go on, the function returns
 * zero; so a panic ends the program, which returns 0 (XDP_ABORTED, where it is one of XDP).
 *
 * While passes run, a call of a function that LLVM knows but as noreturn stands for that end.
 * clang's functions stay as they are. */
#ifndef NORETURN_H
#define NORETURN_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Puts the calls in place: of empty endless loops, traps, and calls of functions that do no more
 * than to end there. Takes away the checks of debug assertions that the verifier does itself, or
 * does not follow: those of pointers and of the preconditions of unsafe functions. Returns whether
 * the module has changed. */
bool noreturn_mark(LLVMModuleRef module);

/* Marks the functions for inlining which would end themselves alone in place of the program.
 * Returns whether there are any. */
bool noreturn_inline(LLVMModuleRef module);

/* Whether the function was too large for that, and goes on for ever in place of such a call. */
bool noreturn_stays(LLVMValueRef function);

/* Whether the instruction is such a call; *reason, where it is not NULL, becomes the symbol of the
 * function that was called in its place, "" where it was none. */
bool noreturn_is_end(LLVMValueRef instruction, const char **reason);

/* Whether from the block no other is reached but such as do nothing. */
bool noreturn_is_endless(LLVMBasicBlockRef block);

/* Has the functions return zero there, or go on for ever. */
void noreturn_end(LLVMModuleRef module);

/* Forgets what was found of functions. */
void noreturn_reset(void);

#endif
