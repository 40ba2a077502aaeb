/* Who uses what BPF cannot do: not the function of the standard library, but the user's own that
 * calls it, or that it was inlined into. */
#ifndef USER_H
#define USER_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* The function that the instruction is in. */
LLVMValueRef user_function_of(LLVMValueRef instruction);

/* `INPUT: function 'f' (f.c:3)`, and as far as it is so, `, inlined into 'g' (g.c:5),` or `, by way
 * of 'core::h',`: of an instruction in the function, or where that is NULL, of the function. Sets
 * *has_line to whether debug info had a line. For the caller to free. */
char *user_describe(LLVMValueRef function, LLVMValueRef instruction, bool *has_line);

#endif
