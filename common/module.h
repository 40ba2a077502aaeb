/* LLVM modules: reading, writing, and what LLVM says about them. */
#ifndef MODULE_H
#define MODULE_H

#include "diagnostic.h"
#include "input.h"
#include "output.h"
#include "value.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

/* --fatal-errors: an error diagnostic of LLVM's fails the run. Default true. */
extern bool fatal_errors;

/* A module is verified in the driver's pipe, too, where elsewhere a stage before has done it: what
 * bpf-merge writes has never been. Default false. */
extern bool module_always_verifies;

/* Whether the module that was handed on in the process has work for bpf-core. */
extern bool module_needs_core;

/* A new context whose diagnostics become messages: errors at error level, the rest below. Where the
 * stage before in the process has handed a module on as it was read, its context. */
LLVMContextRef module_context(void);

/* Fails, without a word, when LLVM has reported an error since the start and --fatal-errors holds.
 */
void module_check_errors(void);

/* Reads a module from bitcode or textual IR; fails with the input's name when it is neither or is
 * damaged. */
LLVMModuleRef module_parse(LLVMContextRef context, struct input input);

/* The module as it would be read from the bitcode that the stage before writes, where that has
 * handed it on in memory, and it is the one that module_parse gave. Passes may see a difference: in
 * the order of uses, and in names that they would take. But where they see no more than the first,
 * and it can be restored, the module stays the one that it is. */
LLVMModuleRef module_read_anew(LLVMModuleRef module, bool only_order_matters);

/* Opens bitcode lazily: function bodies are read when they are needed. The input's memory must
 * stay. Textual IR is read whole. */
LLVMModuleRef module_open(LLVMContextRef context, struct input input);

/* The function, variable, alias or ifunc of that name; NULL where there is none. */
LLVMValueRef module_find_global(LLVMModuleRef module, const char *name);

/* Fails where the module, of that input, has a name that only stages may give (reserved.h), unless
 * it is as a stage makes it. */
void module_check_names(LLVMModuleRef module, const char *input);

/* Calls visit for each function, variable, alias and ifunc, in this order; visit may delete what it
 * is given. */
void module_each_global(
    LLVMModuleRef module, void (*visit)(LLVMValueRef global, void *data), void *data);

/* Writes bitcode. */
void module_write(LLVMModuleRef module, struct output *output);

/* Writes textual IR. */
void module_print(LLVMModuleRef module, struct output *output);

/* Writes textual IR to the file path, all or nothing. */
void module_dump(LLVMModuleRef module, const char *path);

/* Ends a module stage: writes the module as bitcode to -o, and the program ends with status 0.
 * Where a stage follows in the process, it is handed the module itself: what it writes does not
 * depend on whether the module was written and read in between. */
_Noreturn void module_finish(LLVMModuleRef module, struct output *output);

/* The same for a stage after which code is generated, which may depend on the order in which the
 * uses of a value stand: it is made the one that reading makes. */
_Noreturn void module_finish_to_generate(LLVMModuleRef module, struct output *output);

/* The same of a module that is as it was read: writes the input's own bytes where they are bitcode.
 * A stage that follows in the process need not parse them again. */
_Noreturn void module_finish_unchanged(
    LLVMModuleRef module, struct input input, struct output *output);

/* Forgets the module that was parsed. */
void module_reset(void);

#endif
