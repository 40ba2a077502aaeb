/* LLVM's intrinsics in the place of calls, as clang makes them of its builtins. LLVM's passes for
 * BPF make relocations of them.
 * https://llvm.org/docs/LangRef.html#llvm-preserve-struct-access-index-intrinsic */
#ifndef LOWER_H
#define LOWER_H

#include "marker.h"
#include "path.h"
#include <stdint.h>

/* Each has the intrinsics in the place of the call, which is deleted. */
void lower_field(LLVMValueRef call, const struct marker *marker, const struct access *access);
void lower_type(LLVMValueRef call, const struct marker *marker, LLVMValueRef type);
void lower_enumerator(LLVMValueRef call, const struct marker *marker, LLVMValueRef type,
    const char *name, int64_t value);

#endif
