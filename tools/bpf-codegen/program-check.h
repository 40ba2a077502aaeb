/* What no kernel takes of a program, or what a user had better know: warnings. */
#ifndef PROGRAM_CHECK_H
#define PROGRAM_CHECK_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Notes who calls whom, before noreturn_end. */
void program_check_note(LLVMModuleRef module);

/* Warns of each program in the module; once code is generated, which tells the stack sizes. */
void program_check(LLVMModuleRef module);

/* Whether a warning of what kernels refuse would name no line. */
bool program_check_lacks_line(LLVMModuleRef module);

#endif
