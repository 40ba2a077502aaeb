/* What LLVM calls functions of a run-time library for, which BPF has not. */
#ifndef INTEGER_EXPAND_H
#define INTEGER_EXPAND_H

#include <llvm-c/Types.h>

/* Has each wide multiplication and shift of the module done in 64-bit arithmetic: see
 * multiply-expand.h and shift-expand.h. */
void integer_expand(LLVMModuleRef module);

#endif
