/* Types of debug info, as paths lead through them. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include "metadata.h"
#include <stdbool.h>

/* What const, volatile and the like qualify. */
LLVMValueRef without_qualifiers(LLVMValueRef type);

/* What typedefs stand for as well. NULL where there is nothing. */
LLVMValueRef resolved(LLVMValueRef type);

/* Whether the type, resolved, is such. */
bool is_composite(LLVMValueRef type);
bool is_structure(LLVMValueRef type); /* or a union */
bool is_union(LLVMValueRef type);
bool is_array(LLVMValueRef type);
bool is_enumeration(LLVMValueRef type);
bool is_basic(LLVMValueRef type);

/* The members of a struct or union, in order, as bpf-debuginfo leaves them: no methods, no static
 * ones. For the caller to free. */
struct values members_of(LLVMValueRef structure);

/* Whether a member is of an unnamed struct or union, or one that bindgen has named since Rust has
 * none that is unnamed. */
bool is_anonymous(LLVMValueRef member);

/* Whether the members stand in order of offset. */
bool is_in_order(LLVMValueRef structure);

/* The type's alignment in memory, in bytes; 1 where it is packed. */
unsigned alignment_of(LLVMValueRef type);

/* What a generic struct of one member holds, ManuallyDrop<T> or Cell<T>, and that may be one again:
 * the kernel's types have no such. The type itself where it is none. */
LLVMValueRef unwrapped(LLVMValueRef type);

/* As in `struct 'task_struct'`, for messages. For the caller to free. */
char *describe_type(LLVMValueRef type);

/* Of what the type has for members, and these, the ones that bindgen has named, and their types,
 * become unnamed. */
void make_anonymous(LLVMValueRef type);

/* Of the names that the type has, and what it has for members, the last part remains where dots are
 * in it: Zig's types are called FILE.NAMESPACE.NAME. */
void make_unqualified(LLVMValueRef type);

/* The ranges of an array, and of those that are its elements. Rust has arrays of arrays, where C
 * has more than one range. */
struct array {
	LLVMValueRef base; /* what is no array */
	struct values ranges;
	bool is_nested;
};
struct array array_of(LLVMValueRef type);

/* How many elements it has in a range, 0 where this is not known. */
uint64_t range_of(const struct array *array, size_t range);

/* An array type of all ranges from the first one on. */
LLVMValueRef make_array(LLVMDIBuilderRef builder, const struct array *array, size_t first);

#endif
