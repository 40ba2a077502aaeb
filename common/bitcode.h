/* The outermost level of LLVM bitcode: what can be told of a module without LLVM.
 * https://llvm.org/docs/BitCodeFormat.html */
#ifndef BITCODE_H
#define BITCODE_H

#include "input.h"
#include <stdbool.h>

enum bitcode_block { BITCODE_IDENTIFICATION = 13, BITCODE_STRTAB = 23 };

/* Whether there is a wrapper around it, as Apple's tools make it. */
bool bitcode_is_wrapped(struct input bitcode);

/* The content of the next block of this kind from the offset *offset on, 0 at first, which is then
 * moved past it. Its data is NULL where there is none, or what is there makes no sense. The width
 * of its abbreviations' numbers, in bits, goes to *width unless that is NULL. */
struct input bitcode_next_block(
    struct input bitcode, enum bitcode_block kind, size_t *offset, unsigned *width);

#endif
