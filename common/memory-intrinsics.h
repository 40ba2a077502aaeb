/* LLVM's memory intrinsics (llvm.memcpy, llvm.memmove, llvm.memset), and the functions that code
 * generation makes of them. https://llvm.org/docs/LangRef.html#standard-c-c-library-intrinsics */
#ifndef MEMORY_INTRINSICS_H
#define MEMORY_INTRINSICS_H

#include <llvm-c/Types.h>

/* The memory builtin (see exports.h) that code generation may call for a use of the function, once
 * memory_intrinsics_expand has run; NULL where there is none, or the function is no such intrinsic.
 * Bodies that are not read yet do not count. */
const char *memory_intrinsic_calls(LLVMValueRef function);

/* Makes loads and stores of each llvm.memset and llvm.memmove of small constant size: with
 * --bpf-expand-memcpy-in-order code generation would make a call. */
void memory_intrinsics_expand(LLVMModuleRef module);

#endif
