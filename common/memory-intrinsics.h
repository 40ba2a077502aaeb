/* LLVM's memory intrinsics (llvm.memcpy, llvm.memmove, llvm.memset), and the functions that code
 * generation makes of them. https://llvm.org/docs/LangRef.html#standard-c-c-library-intrinsics */
#ifndef MEMORY_INTRINSICS_H
#define MEMORY_INTRINSICS_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the module uses an intrinsic of which code generation may make a call of the memory
 * builtin name (see exports.h), once memory_intrinsics_expand has run. Bodies that are not read yet
 * do not count. */
bool memory_intrinsic_calls(LLVMModuleRef module, const char *name);

/* Makes loads and stores of each llvm.memset and llvm.memmove of small constant size: with
 * --bpf-expand-memcpy-in-order code generation would make a call. */
void memory_intrinsics_expand(LLVMModuleRef module);

#endif
