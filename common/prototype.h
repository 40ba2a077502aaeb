/* A function's prototype in debug info, where passes have taken parameters from the function
 * itself: LLVM leaves the types as they were, and kernels from 7.2 on refuse a function that takes
 * fewer arguments than its BTF says.
 *
 * Which parameter an argument was is known for as long as there are debug records; the argument
 * then carries the number in a string attribute, which passes leave it. */
#ifndef PROTOTYPE_H
#define PROTOTYPE_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Notes the numbers of the parameters that the function's arguments are. */
void prototype_note(LLVMValueRef function);

/* Gives each function of the module that is not visible the prototype that is left, and forgets
 * what prototype_note has noted. keeps_variables: debug records refer to the old parameters, which
 * stay as they are, and BTF has their names in the old order. */
void prototype_fit(LLVMModuleRef module, bool keeps_variables);

#endif
