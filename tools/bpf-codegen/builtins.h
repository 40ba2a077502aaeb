/* Functions of bpf-linker's own, made to pass the verifier: memcpy, memmove, memset, memcmp and
 * bcmp (memory-builtins.ll), strlen and its like (string-builtins.ll). */
#ifndef BUILTINS_H
#define BUILTINS_H

#include <llvm-c/Types.h>

/* Drops each memory builtin of the module that nothing needs, unless it is marked as used, and
 * brings those that the module needs and lacks: for a call, or for a memory intrinsic that code
 * generation turns into a call. Brings the string builtins that it calls and lacks. To be called
 * after memory_expand. emission_kind is the kind of debug info that they have, as a DICompileUnit
 * names it; NULL for none. */
void builtins_materialize(LLVMModuleRef module, const char *emission_kind);

#endif
