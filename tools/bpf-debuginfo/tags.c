#include "tags.h"
#include "btf-tag.h"
#include "debug-info.h"
#include "libllvm.h"
#include "memory.h"
#include "metadata.h"
#include "nodes.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

/* As clang has them: a list of pairs, to which one is added. */
static void annotate(LLVMValueRef node, unsigned index, const char *kind, LLVMValueRef wrapper)
{
	char *text = btf_tag_text(wrapper);
	LLVMValueRef words[] = {string(kind), string(text)};
	struct values pair = {words, 2, 2}, list = list_at(node, index);

	add_value(&list, tuple(pair));
	add_node(list.items[list.count - 1]);
	set_operand(node, index, tuple(list));
	add_node(operand(node, index));
	free(list.items);
	free(text);
}

static LLVMValueRef tagged_pointer(LLVMValueRef wrapper, LLVMValueRef pointer)
{
	LLVMValueRef node = value_of(LLVMDIBuilderCreatePointerType(
	    builder, metadata_of(operand(pointer, BASE)), size_in_bits(pointer), 0, 0, "", 0));

	annotate(node, DERIVED_ANNOTATIONS, "btf_type_tag", wrapper);
	add_node(node);
	return node;
}

static void fit_wrapper(LLVMValueRef wrapper)
{
	enum btf_tag tag = btf_tag_of(wrapper);
	LLVMValueRef type = tag ? btf_tagged_type(wrapper) : NULL;

	if (!type)
		return;
	char *name = text_at(wrapper, NAME), *text = btf_tag_text(wrapper);
	note("type", name,
	    xasprintf(tag == TYPE_TAG ? "is a pointer with the type tag '%s'"
				      : "is its first member, with the declaration tag '%s'",
		text));
	replace(wrapper, tag == TYPE_TAG ? tagged_pointer(wrapper, type) : type);
	free(name);
	free(text);
}

/* The operand of what declares something that is its type, and the one for annotations. */
static void fit_declaration(LLVMValueRef node, unsigned type_index, unsigned index)
{
	LLVMValueRef type = operand(node, type_index);

	if (btf_tag_of(type) == DECLARATION_TAG && btf_tagged_type(type))
		annotate(node, index, "btf_decl_tag", type);
}

static void fit_node(LLVMValueRef node)
{
	switch (kind_of_node(node)) {
	case LLVMDICompositeTypeMetadataKind:
		fit_wrapper(node);
		break;
	case LLVMDIDerivedTypeMetadataKind:
		if (tag_of(node) == TAG_MEMBER)
			fit_declaration(node, BASE, DERIVED_ANNOTATIONS);
		break;
	case LLVMDILocalVariableMetadataKind:
		fit_declaration(node, VARIABLE_TYPE, LOCAL_ANNOTATIONS);
		break;
	case LLVMDIGlobalVariableMetadataKind:
		fit_declaration(node, VARIABLE_TYPE, VARIABLE_ANNOTATIONS);
		break;
	default:
		break;
	}
}

void fit_tags(void)
{
	/* new ones are added, which need nothing */
	size_t count = nodes.count;

	for (size_t i = 0; i < count; i++)
		fit_node(nodes.items[i]);
}
