/* What LLVM-C says of a value in more than one step. */
#ifndef VALUE_H
#define VALUE_H

#include <llvm-c/Types.h>

/* A symbol's name; not terminated at embedded NULs, and valid as long as the value is not renamed.
 */
const char *value_name(LLVMValueRef value);

/* The number of the helper that is called, which is the address; 0 where none is. The numbers:
 * https://github.com/torvalds/linux, include/uapi/linux/bpf.h */
unsigned helper_number(LLVMValueRef called);
enum { HELPER_TAIL_CALL = 12 };

/* The function of the module that the instruction calls; NULL where it does nothing of the kind, or
 * the module has no body of it. */
LLVMValueRef defined_callee(LLVMValueRef instruction);

#endif
