/* What the parts of bpf-debuginfo share: the module, the nodes that take the place of others, and
 * the notes of what is changed. */
#ifndef NODES_H
#define NODES_H

#include "message.h"
#include "output.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

/* The module, and what makes nodes for it; to be set first. */
extern LLVMModuleRef module;
extern LLVMDIBuilderRef builder;

/* Where --list writes; NULL without it. */
extern struct output *listing;

/* Notes a change of something of that name, for --list and the log. */
void note(const char *what, const char *name, const char *why);

/* The level of a warning of what --list says as well. */
enum message_level level_of_warnings(void);

/* Has put_replacements_in_place put new wherever old is. */
void replace(LLVMValueRef old, LLVMValueRef new);
bool is_replaced(LLVMValueRef node);

/* What stands for the value now: itself, where it is not replaced. */
LLVMValueRef current(LLVMValueRef value);

/* Changes the operands of all nodes that are reached. */
void put_replacements_in_place(void);

#endif
