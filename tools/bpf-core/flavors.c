#include "flavors.h"
#include "core-marker.h"
#include "map.h"
#include "memory.h"
#include "metadata.h"
#include "node-text.h"
#include "origin.h"
#include "types.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NESTED = 64 };

static struct map names = {.kind = MAP_OF_STRINGS}; /* to the types that have them first */

/* Comparing */

/* Of types that have been compared, or are being compared. */
static struct map compared = {.kind = MAP_OF_STRINGS};

static bool is_alike(LLVMValueRef type, LLVMValueRef other, unsigned depth);

static bool has_same_text(LLVMValueRef node, LLVMValueRef other, unsigned index)
{
	char *text = text_at(node, index), *other_text = text_at(other, index);
	bool same = !strcmp(text, other_text);

	free(text);
	free(other_text);
	return same;
}

static bool has_same_field(LLVMValueRef node, LLVMValueRef other, const char *field)
{
	char *text = node_field(node, field), *other_text = node_field(other, field);
	bool same = !strcmp(text ? text : "", other_text ? other_text : "");

	free(text);
	free(other_text);
	return same;
}

static bool is_element_alike(LLVMValueRef element, LLVMValueRef other, unsigned depth)
{
	if (!is_node(element) || !is_node(other) || kind_of_node(element) != kind_of_node(other))
		return element == other;
	switch (kind_of_node(element)) {
	case LLVMDIDerivedTypeMetadataKind:
		return has_same_text(element, other, NAME) &&
		       LLVMDITypeGetOffsetInBits(metadata_of(element)) ==
			   LLVMDITypeGetOffsetInBits(metadata_of(other)) &&
		       is_alike(operand(element, BASE), operand(other, BASE), depth + 1);
	case LLVMDIEnumeratorMetadataKind:
		return has_same_text(element, other, ENUMERATOR_NAME) &&
		       has_same_field(element, other, "value");
	case LLVMDISubrangeMetadataKind:
		return operand(element, COUNT) == operand(other, COUNT);
	default:
		return element == other;
	}
}

static bool are_elements_alike(LLVMValueRef type, LLVMValueRef other, unsigned depth)
{
	struct values elements = list_at(type, ELEMENTS), others = list_at(other, ELEMENTS);
	bool alike = elements.count == others.count;

	for (size_t i = 0; alike && i < elements.count; i++)
		alike = is_element_alike(elements.items[i], others.items[i], depth);
	free(elements.items);
	free(others.items);
	return alike;
}

static bool is_composite_alike(LLVMValueRef type, LLVMValueRef other, unsigned depth)
{
	if (!map_add(&compared, xasprintf("%p %p", (void *)type, (void *)other)))
		return true;
	return tag_of(type) == tag_of(other) &&
	       (!is_array(type) ||
		   is_alike(operand(type, BASE), operand(other, BASE), depth + 1)) &&
	       are_elements_alike(type, other, depth);
}

/* Whether loaders see no difference, but for what pointers point to; the first two types may have
 * flavors of one name. */
static bool is_alike(LLVMValueRef type, LLVMValueRef other, unsigned depth)
{
	type = resolved(type);
	other = resolved(other);
	if (type == other)
		return true;
	if (!type || !other || depth == MOST_NESTED || kind_of_node(type) != kind_of_node(other) ||
	    size_in_bits(type) != size_in_bits(other))
		return false;
	if (is_basic(type))
		return has_same_field(type, other, "encoding");
	return !is_composite(type) || ((!depth || has_same_text(type, other, NAME)) &&
					  is_composite_alike(type, other, depth));
}

/* Noting */

static void note(LLVMValueRef type)
{
	char *name = text_at(type, NAME);
	void **first = map_insert(&names, name);

	if (!*first)
		*first = type;
}

static void note_accesses(LLVMValueRef intrinsic)
{
	static const char access[] = "llvm.preserve.access.index";
	unsigned kind = LLVMGetMDKindIDInContext(metadata_context, access, strlen(access));

	for (LLVMUseRef use = LLVMGetFirstUse(intrinsic); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		LLVMValueRef type = LLVMIsACallInst(call) ? LLVMGetMetadata(call, kind) : NULL;
		if (is_type(type))
			note(type);
	}
}

void flavors_note_module(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (origin_is_core_intrinsic(function))
			note_accesses(function);
}

void flavors_separate(LLVMValueRef type)
{
	char *name = text_at(type, NAME), *flavor = name;
	void **first = map_insert(&names, name);

	for (unsigned number = 1; *first && *first != type; number++) {
		/* a comparison that fails leaves those above it undone */
		map_clear(&compared);
		if (is_alike(*first, type, 0))
			break;
		char *text = xasprintf("%u", number);
		flavor = core_flavor(name, text);
		free(text);
		first = map_insert(&names, flavor);
	}
	if (!*first)
		*first = type;
	if (flavor != name)
		set_operand(type, NAME, string(flavor));
}
