/* The types of variables in debug info, where passes have made variables smaller: LLVM leaves the
 * types as they were, and kernels refuse BTF with a variable larger than in its section. */
#ifndef VARIABLE_TYPE_H
#define VARIABLE_TYPE_H

#include <llvm-c/Types.h>

/* Gives each variable of the module that is not visible, and smaller than its type, an integer or
 * bytes of its size. */
void variable_types_fit(LLVMModuleRef module);

#endif
