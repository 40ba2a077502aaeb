/* Shifts of more than 64 bits by a number that varies, in 64-bit arithmetic: of these LLVM makes
 * calls of __ashlti3 and its like, which BPF has not. For integer_expand. */
#ifndef SHIFT_EXPAND_H
#define SHIFT_EXPAND_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the instruction is a shift that is wider than 64 bits, an llvm.{s,u}shl.sat, or an
 * llvm.fsh{l,r} of which LLVM would make a division; by a constant it is none. Vectors too. */
bool shift_is_wide(LLVMValueRef instruction);

/* Builds what takes its place. */
LLVMValueRef shift_expand(LLVMValueRef instruction);

#endif
