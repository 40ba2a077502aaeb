/* What code generation says that BPF cannot do, in words about the user's own source. */
#ifndef UNSUPPORTED_H
#define UNSUPPORTED_H

#include <llvm-c/Types.h>

/* Says an error diagnostic of code generation anew, or the reason of a fatal error: which function
 * of the user's own, in which file and line, does what; not the function of the standard library
 * that was inlined into it. cpu: what code is generated for. Returns NULL where the diagnostic is
 * of no function of the module, "" where the same was said before. For the caller to free. */
char *unsupported_reword(LLVMModuleRef module, const char *diagnostic, const char *cpu);

/* Fails where code generation has called functions in the object that the module neither defines
 * nor declares, and names them: LLVM does so with --bpf-allows-libcalls. */
void unsupported_check_calls(LLVMModuleRef module, LLVMMemoryBufferRef object);

#endif
