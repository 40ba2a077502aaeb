/* Handing LLVM its command-line options, and learning what it thinks of them. */
#ifndef LLVM_ARGUMENTS_H
#define LLVM_ARGUMENTS_H

#include "options.h"

/* Has LLVM parse arguments (the program's name first). given: those among them that the user gave,
 * which LLVM may not know. Returns NULL, or what is wrong with them. */
const char *llvm_arguments_parse(const struct list *arguments, const struct list *given);

#endif
