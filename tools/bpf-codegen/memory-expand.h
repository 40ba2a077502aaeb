/* Loads and stores in place of calls of the memory builtins. */
#ifndef MEMORY_EXPAND_H
#define MEMORY_EXPAND_H

#include <llvm-c/TargetMachine.h>
#include <llvm-c/Types.h>
#include <stdbool.h>

/* Decides of each memory intrinsic of the module, and of each memcmp and bcmp, whether it is done
 * inline. Alignment is inferred first, and raised of what is the module's own. What is done inline
 * is expanded here, or left to code generation, which then expands it; of the rest calls are made.
 * With in_order, each byte or word that is copied is stored before the next is loaded, and what
 * would be much longer than a call is one; without, and in what clang has compiled, the limits are
 * those that LLVM has. */
void memory_expand(LLVMModuleRef module, LLVMTargetMachineRef machine, bool in_order);

/* Whether code generation makes a call of a use of the intrinsic that memory_expand has left: it
 * must, where a pointer is of an address space that the builtins do not take. */
bool memory_expand_left_call(LLVMValueRef intrinsic);

#endif
