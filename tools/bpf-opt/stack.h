/* How much stack a function takes together with those that are inlined into it. */
#ifndef STACK_H
#define STACK_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the function that is called, were it inlined there, would not fit on one stack frame with
 * the variables that the caller has in use at the call, though both fit by themselves. may_inline
 * says of each other call whether it may be inlined, too. Sizes are those of LLVM's variables,
 * allocas: of functions that are not optimized yet they say little. */
bool stack_forbids_inlining(
    LLVMValueRef call, bool (*may_inline)(LLVMValueRef caller, LLVMValueRef callee));

#endif
