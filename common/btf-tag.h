/* Structs that stand for a type with a BTF tag, for languages that have no attributes for tags. One
 * has a member `__bpf_type_tag` or `__bpf_decl_tag`, an array without elements, beside the member
 * that it stands for. The tag's words are the names of members: of the array's type, of that
 * member's type, and so on; with colons between them. */
#ifndef BTF_TAG_H
#define BTF_TAG_H

#include "metadata.h"

enum btf_tag {
	NO_TAG,
	TYPE_TAG,        /* of a pointer */
	DECLARATION_TAG, /* of the members, variables and parameters of the type */
};

/* Which of them the type is. */
enum btf_tag btf_tag_of(LLVMValueRef type);

/* What one stands for, without the tag: the pointer, which may be in structs of one member, or
 * the other member's type. NULL where there is none. */
LLVMValueRef btf_tagged_type(LLVMValueRef type);

/* The words of one, as in `arg:nonnull`; "" where there are none. For the caller to free. */
char *btf_tag_text(LLVMValueRef type);

#endif
