/* The memory builtins, and LLVM's memory intrinsics (llvm.memcpy, llvm.memmove, llvm.memset) that
 * code generation makes calls of them of.
 * https://llvm.org/docs/LangRef.html#standard-c-c-library-intrinsics */
#ifndef MEMORY_INTRINSICS_H
#define MEMORY_INTRINSICS_H

#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stdint.h>

/* A copy or a fill is done inline with up to so many stores; a memmove loads all before it stores,
 * which so many registers are left for. */
enum { MOST_STORES = 128, MOST_MOVES = 8 };

/* memcpy, memmove, memset, memcmp and bcmp, ended by NULL: LLVM calls them on its own, and
 * bpf-codegen brings them. */
extern const char *const memory_builtins[];
bool is_memory_builtin(const char *name);

/* The memory builtin that does what the function does, NULL where the function is
 * no such intrinsic. */
const char *memory_intrinsic_builtin(LLVMValueRef function);

/* The memory builtin that code generation may call for a use of the function, once memory_expand
 * has run; NULL where there is none. More may be inline in the end than this knows of. Bodies that
 * are not read yet do not count. */
const char *memory_intrinsic_calls(LLVMValueRef function);

/* Of a call of such an intrinsic: whether it is a memset, and no copy; the widest access in bytes
 * that the alignment of its arguments allows; and how many stores of that its size takes,
 * UINT64_MAX when that is not known. */
bool memory_intrinsic_sets(LLVMValueRef call);
unsigned memory_intrinsic_width(LLVMValueRef call);
uint64_t memory_intrinsic_stores(LLVMValueRef call);

/* The alignment that the call promises for its argument, 1 where it promises none. */
uint64_t memory_intrinsic_alignment(LLVMValueRef call, unsigned argument);

#endif
