#include "btf-tag.h"
#include "memory.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMBERS = 4, MOST_LEVELS = 8 };

static bool is_structure(LLVMValueRef type)
{
	return is_node(type) && kind_of_node(type) == LLVMDICompositeTypeMetadataKind &&
	       tag_of(type) == TAG_STRUCTURE;
}

static LLVMValueRef element_of(LLVMValueRef type)
{
	bool is_array = is_node(type) && kind_of_node(type) == LLVMDICompositeTypeMetadataKind &&
			tag_of(type) == TAG_ARRAY;

	return is_array ? operand(type, BASE) : NULL;
}

/* The struct that the member is an array of, where it says a word. */
static LLVMValueRef words_of(LLVMValueRef member)
{
	LLVMValueRef element = element_of(operand(member, BASE));

	return is_structure(element) && count_elements(element) ? element : NULL;
}

static enum btf_tag tag_of_member(LLVMValueRef member)
{
	unsigned length;
	LLVMValueRef name = is_derived(member, TAG_MEMBER) ? operand(member, NAME) : NULL;
	const char *text = name ? LLVMGetMDString(name, &length) : NULL;

	if (!text || length != strlen("__bpf_type_tag") || !words_of(member))
		return NO_TAG;
	return !strncmp(text, "__bpf_type_tag", length)   ? TYPE_TAG
	       : !strncmp(text, "__bpf_decl_tag", length) ? DECLARATION_TAG
							  : NO_TAG;
}

/* The member with the tag, and the first one that holds something. */
struct tagged {
	LLVMValueRef tag, value;
};

static struct tagged read_members(LLVMValueRef type)
{
	struct tagged found = {NULL, NULL};
	struct values members = {NULL, 0, 0};

	if (is_structure(type) && count_elements(type) <= MOST_MEMBERS)
		members = list_at(type, ELEMENTS);
	for (size_t i = 0; i < members.count; i++) {
		if (!is_derived(members.items[i], TAG_MEMBER))
			continue;
		if (tag_of_member(members.items[i]))
			found.tag = members.items[i];
		else if (!found.value && size_in_bits(members.items[i]))
			found.value = members.items[i];
	}
	free(members.items);
	return found;
}

enum btf_tag btf_tag_of(LLVMValueRef type)
{
	struct tagged members = read_members(type);

	return members.tag && members.value ? tag_of_member(members.tag) : NO_TAG;
}

static LLVMValueRef find_tagged_type(LLVMValueRef type)
{
	bool wants_pointer = btf_tag_of(type) == TYPE_TAG;
	LLVMValueRef value = read_members(type).value, found = operand(value, BASE);

	for (int level = 0; wants_pointer && is_structure(found) && level < MOST_LEVELS; level++) {
		value = read_members(found).value;
		found = value ? operand(value, BASE) : NULL;
	}
	return !is_type(found) || (wants_pointer && !is_derived(found, TAG_POINTER)) ? NULL : found;
}

/* Whether a type is made of one that stands for another, which is made of one, and so on: where
 * that has no end, they stand for nothing. */
static bool has_no_end(LLVMValueRef type)
{
	for (int level = 0; level < MOST_LEVELS; level++) {
		while (is_node(type) &&
		       (element_of(type) || kind_of_node(type) == LLVMDIDerivedTypeMetadataKind))
			type = operand(type, BASE);
		if (!btf_tag_of(type))
			return false;
		type = find_tagged_type(type);
	}
	return true;
}

LLVMValueRef btf_tagged_type(LLVMValueRef type)
{
	LLVMValueRef found = find_tagged_type(type);

	return has_no_end(found) ? NULL : found;
}

char *btf_tag_text(LLVMValueRef type)
{
	char *text = xstrdup("");
	LLVMValueRef words = words_of(read_members(type).tag);

	for (int level = 0; is_structure(words) && level < MOST_LEVELS; level++) {
		struct values members = list_at(words, ELEMENTS);
		LLVMValueRef member = members.count ? members.items[0] : NULL;
		free(members.items);
		if (!is_derived(member, TAG_MEMBER))
			break;
		char *word = text_at(member, NAME);
		char *longer = xasprintf("%s%s%s", text, *text ? ":" : "", word);
		free(word);
		free(text);
		text = longer;
		words = operand(member, BASE);
	}
	return text;
}
