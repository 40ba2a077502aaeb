/* What code generation says that BPF cannot do, in words about the user's own source. */
#ifndef UNSUPPORTED_H
#define UNSUPPORTED_H

#include <llvm-c/Types.h>

/* Says an error diagnostic of code generation anew: which function of the user's own, in which file
 * and line, does what; not the function of the standard library that was inlined into it. Returns
 * NULL where the diagnostic names no function of the module, "" where the same was said of the
 * function before. For the caller to free. */
char *unsupported_reword(LLVMModuleRef module, const char *diagnostic);

/* Fails where code generation has called functions in the object that the module neither defines
 * nor declares, and names them: LLVM does so with --bpf-allows-libcalls. */
void unsupported_check_calls(LLVMModuleRef module, LLVMMemoryBufferRef object);

#endif
