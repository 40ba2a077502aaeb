/* How much of its stack frame each function takes, as LLVM's code generation has laid it out. */
#ifndef STACK_SIZE_H
#define STACK_SIZE_H

#include <stdbool.h>

/* Bytes of one frame, and of those of all functions that call one another.
 * https://github.com/torvalds/linux, include/linux/filter.h, MAX_BPF_STACK */
enum { MOST_STACK = 512 };

/* Has the sizes collected while code is generated. To be called before target_start. */
void stack_size_collect(void);

/* The option that LLVM has to be given for it; NULL where nothing is collected. */
const char *stack_size_option(void);

/* Puts the bytes of function's frame, those saved for calls included, into *bytes. Returns false
 * where no code was generated of a function of this name. */
bool stack_size_of(const char *function, unsigned *bytes);

/* How many instructions it has, of which some count double to the kernel; 0 where it is not known.
 */
unsigned stack_size_instructions(const char *function);

#endif
