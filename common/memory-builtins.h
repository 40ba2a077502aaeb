/* Our own memcpy, memmove, memset, memcmp and bcmp, made to pass the verifier. */
#ifndef MEMORY_BUILTINS_H
#define MEMORY_BUILTINS_H

#include <llvm-c/Types.h>

/* Drops each memory builtin of the module that nothing needs, unless it is marked as used, and
 * defines those that the module needs and lacks. What needs one: a call, or a memory intrinsic
 * that code generation may turn into a call. */
void memory_builtins_settle(LLVMModuleRef module);

#endif
