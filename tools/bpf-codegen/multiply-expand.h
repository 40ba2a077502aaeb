/* Multiplications of more than 64 bits, and those that tell whether they overflow, in 64-bit
 * arithmetic: of these LLVM makes calls of __multi3, which BPF has not. For integer_expand. */
#ifndef MULTIPLY_EXPAND_H
#define MULTIPLY_EXPAND_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the instruction is a multiplication that is wider than 64 bits; an
 * llvm.{u,s}mul.with.overflow or llvm.{u,s}mul.fix[.sat] of more than 32 bits. Vectors too. */
bool multiply_is_wide(LLVMValueRef instruction);

/* Builds what takes its place. */
LLVMValueRef multiply_expand(LLVMValueRef instruction);

#endif
