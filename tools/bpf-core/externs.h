/* Declarations to which languages without clang's attributes give a type and a section: kernel
 * symbols and kconfig variables. */
#ifndef EXTERNS_H
#define EXTERNS_H

#include "marker.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

/* Whether the call's second argument is a declaration, of a function where type is one. Where not,
 * says so. */
bool extern_check(struct marker *marker, LLVMValueRef call, LLVMValueRef type);

/* Gives the declaration the type, and a section; then it stands for the call. */
void lower_extern(
    LLVMDIBuilderRef builder, LLVMValueRef call, const struct marker *marker, LLVMValueRef type);

#endif
