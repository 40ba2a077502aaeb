/* Which LLVM wrote a module. */
#ifndef PRODUCER_H
#define PRODUCER_H

#include "input.h"
#include <stdbool.h>

/* The producer that bitcode names in its identification block, as in LLVM22.1.8 or
 * LLVM22.1.2-rust-1.95.0-stable, to be freed; NULL where it names none, as LLVM before 3.8, or what
 * is there makes no sense. https://llvm.org/docs/BitCodeFormat.html, IDENTIFICATION_BLOCK */
char *producer_of(struct input bitcode);

/* The major version of the LLVM that a producer is of; 0 where it does not say, or is NULL. */
unsigned producer_llvm(const char *producer);

/* Whether a producer may be a newer LLVM than the one of a version, as in 22.1.8: so too where it
 * is not known. */
bool producer_may_be_newer(const char *producer, const char *version);

/* In words, as in `LLVM 22.1.2 (rustc 1.95.0)`, to be freed. */
char *producer_in_words(const char *producer);

#endif
