/* Functions that are not to become a part of another one. */
#ifndef APART_H
#define APART_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the function's code does something else, or nothing at all, in another function: a tail
 * call returns to the caller of the function that makes it, and a label in inline assembly can be
 * there but once. */
bool stays_apart(LLVMValueRef function);

#endif
