/* LLVM's memory intrinsics and the functions that code generation makes of them. */
#ifndef MEMORY_INTRINSICS_H
#define MEMORY_INTRINSICS_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the module uses an intrinsic of which code generation may make a call of the memory
 * builtin name (see exports.h). Bodies that are not read yet do not count. */
bool memory_intrinsic_calls(LLVMModuleRef module, const char *name);

#endif
