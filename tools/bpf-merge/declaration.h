/* What a module takes a symbol of another module to be, beside what it is there: whether calls pass
 * what the function takes, and both in C's syntax. */
#ifndef DECLARATION_H
#define DECLARATION_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether what refers to the function or variable by the declaration finds in the definition what
 * it takes it for: as many parameters, each of its size, a result of its size, in registers or
 * memory; a variable of its size. Pointers and integers of one size are alike. Where it is called,
 * the calls count: *call becomes the first that passes something else. The bodies of the
 * declaration's module that are to count must have been read. Both may be aliases. */
bool declaration_fits(LLVMValueRef declaration, LLVMValueRef definition, LLVMValueRef *call);

/* `struct pair get(int)` or `int x[4]`, to be freed: by debug info, where there is some, else as
 * LLVM knows it. call: as which the function is called; NULL for what it is. described: the same in
 * a module that has its debug info, in any context; may be NULL. */
char *declaration_in_c(LLVMValueRef global, LLVMValueRef call, LLVMValueRef described);

/* Whether the declaration may say no more than that there is something of the name, as
 * `extern const void x` does, which LLVM takes for a byte. described: as above. */
bool declaration_is_of_nothing(LLVMValueRef declaration, LLVMValueRef described);

/* The function's type in LLVM's words, as in `void (ptr, i32)`, or the variable's; to be freed. */
char *declaration_in_ir(LLVMValueRef global, LLVMValueRef call);

/* `FILE:LINE` of the function or variable itself, to be freed; NULL where debug info does not tell.
 */
char *declaration_line(LLVMValueRef global);

#endif
