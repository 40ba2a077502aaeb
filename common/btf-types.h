/* Which structs BTF has with their members. LLVM does not follow a pointer that is a member of a
 * struct to another that has a name: BTF has that one when something else leads to it, and
 * otherwise only its name. lib/Target/BPF/BTFDebug.cpp of LLVM 21 to 23, visitTypeEntry and what it
 * calls. */
#ifndef BTF_TYPES_H
#define BTF_TYPES_H

#include "metadata.h"

/* Forgets all of a module, before another one. */
void btf_types_reset(void);

/* BTF is made of the type: of a function, a variable, a CO-RE relocation. NULL is none. */
void btf_reaches(LLVMValueRef type);

/* The same of a map's definition, whose pointers LLVM follows. */
void btf_reaches_map(LLVMValueRef type);

/* The type, and all that its members lead to, through pointers too. */
void btf_reaches_all(LLVMValueRef type);

/* The types that are arguments of the template whose node's operand at the index has them count as
 * members. */
void btf_reaches_arguments(LLVMValueRef node, unsigned index);

/* Finds all types that the above lead to, and with_templates what arguments of templates do. */
void btf_find_types(bool with_templates);

/* Whether BTF may have the members of the struct, union, array or enumeration. What LLVM does in
 * one order or another depends on that order, of which this assumes the worst. */
bool btf_has_members(LLVMValueRef composite);

/* Whether BTF has no more of the struct or union than its name. False where that is not known. */
bool btf_only_names(LLVMValueRef composite);

#endif
