/* What a module marks as used: llvm.used and llvm.compiler.used.
 * https://llvm.org/docs/LangRef.html#the-llvm-used-global-variable */
#ifndef USED_H
#define USED_H

#include <llvm-c/Types.h>
#include <stdbool.h>

struct used;

/* Reads both arrays of the module. */
struct used *used_read(LLVMModuleRef module);

/* Whether either array holds the global. */
bool used_has(const struct used *used, LLVMValueRef global);

/* Whether there is anything in them. */
bool used_any(const struct used *used);

/* Adds a global to llvm.compiler.used: to be written by used_write. */
void used_add(struct used *used, LLVMValueRef global);

/* Takes a global out of both arrays, in the module at once; forgets what used_add was to add. */
void used_remove(struct used *used, LLVMValueRef global);

/* Writes llvm.compiler.used anew if used_add was called. */
void used_write(struct used *used);

#endif
