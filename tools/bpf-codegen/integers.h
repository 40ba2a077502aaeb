/* IR that computes with integers of any width, and with vectors of them. */
#ifndef INTEGERS_H
#define INTEGERS_H

#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stdint.h>

/* BPF computes with words. An integer of more is left to LLVM. */
enum { WORD = 64, MOST_WORDS = 8 };

/* Where the instructions are put that the functions below build. */
extern LLVMBuilderRef integer_builder;

/* The bits of the integer type, or of a vector's elements; 0 where it is none. */
unsigned integer_width(LLVMTypeRef type);

/* How many words so many bits take. */
unsigned integer_words(unsigned width);

/* The type with elements of so many bits, or the integer type. */
LLVMTypeRef integer_with_width(LLVMTypeRef type, unsigned width);

/* The value, in each element. */
LLVMValueRef integer_constant(LLVMTypeRef type, uint64_t value);

/* The largest number of so many bits. */
LLVMValueRef integer_largest(LLVMTypeRef type, unsigned bits);

/* Logical shifts. */
LLVMValueRef integer_shift_right(LLVMValueRef value, unsigned bits);
LLVMValueRef integer_shift_left(LLVMValueRef value, unsigned bits);

/* Extends, or cuts off. */
LLVMValueRef integer_cast(LLVMValueRef value, unsigned width, bool is_signed);

/* 0, or all ones where the value is negative. */
LLVMValueRef integer_sign(LLVMValueRef value);

#endif
