/* Where a function comes from, for the stages after bpf-merge: which input, whether its compiler
 * has optimized it, and for which CPU it was compiled. bpf-merge notes it in string attributes of
 * the function, of which code generation makes nothing.
 * https://llvm.org/docs/LangRef.html#function-attributes */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* A call passes its arguments in r1 to r5. https://docs.kernel.org/bpf/standardization */
enum { MOST_REGISTERS = 5 };

/* Notes it of each function of the module that has a body, before the module is linked with others.
 * input: the module's name as the user knows it. loss: see origin_lost_debug_info. */
enum debug_info_loss { KEPT, DROPPED, DROPPED_FOR_NOW };
void origin_note(LLVMModuleRef module, const char *input, enum debug_info_loss loss);

/* Removes what origin_note has noted, the CPU apart. */
void origin_forget(LLVMModuleRef module);

/* The input, "" where it is not known. Valid as long as the function has it. */
const char *origin_input(LLVMValueRef function);

/* Whether the function is to keep the code that it has: clang has optimized it. Other compilers
 * leave optimizing over the borders of modules to the linker. */
bool origin_is_optimized(LLVMValueRef function);

/* Says that it is not so any more. */
void origin_set_changed(LLVMValueRef function);

/* Whether the input has debug info that was dropped; for now: the driver can have it read again. */
enum debug_info_loss origin_lost_debug_info(LLVMValueRef function);

/* The CPU that the function was compiled for: generic, probe, v1, v2, v3, v4; NULL where none of
 * these is known. */
const char *origin_cpu(LLVMValueRef function);

/* The features that were turned on and off for it, as in "+alu32"; "" where none was. */
const char *origin_features(LLVMValueRef function);

/* Whether clang, of any version, has compiled the function. */
bool origin_is_of_clang(LLVMValueRef function);

/* Whether rustc has compiled the module, as bpf-extract hands it on. */
bool origin_is_rust(LLVMModuleRef module);

/* Whether the function is one of the intrinsics that clang marks CO-RE accesses with, and the first
 * of LLVM's passes lower. */
bool origin_is_core_intrinsic(LLVMValueRef function);

/* The value of a string attribute, NULL where the function has it not. */
const char *origin_attribute(LLVMValueRef function, const char *name);

/* Gives the function a string attribute; takes it away where value is NULL. */
void origin_set_attribute(LLVMValueRef function, const char *name, const char *value);

#endif
