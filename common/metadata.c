#include "metadata.h"
#include "memory.h"
#include "node-text.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

LLVMContextRef metadata_context;

void add_value(struct values *values, LLVMValueRef value)
{
	array_add(values, value);
}

LLVMValueRef value_of(LLVMMetadataRef metadata)
{
	return metadata ? LLVMMetadataAsValue(metadata_context, metadata) : NULL;
}

LLVMMetadataRef metadata_of(LLVMValueRef value)
{
	return value ? LLVMValueAsMetadata(value) : NULL;
}

bool is_node(LLVMValueRef value)
{
	return value && LLVMIsAMDNode(value);
}

LLVMMetadataKind kind_of_node(LLVMValueRef node)
{
	return LLVMGetMetadataKind(metadata_of(node));
}

enum tag tag_of(LLVMValueRef node)
{
	return LLVMGetDINodeTag(metadata_of(node));
}

struct values operands_of(LLVMValueRef node)
{
	struct values operands = {.count = LLVMGetMDNodeNumOperands(node)};

	operands.items = xcalloc(operands.count + 1, sizeof *operands.items);
	LLVMGetMDNodeOperands(node, operands.items);
	return operands;
}

LLVMValueRef operand(LLVMValueRef node, unsigned index)
{
	LLVMValueRef few[32], value;
	unsigned count = LLVMGetMDNodeNumOperands(node);

	if (index >= count)
		return NULL;
	if (count <= sizeof few / sizeof *few) {
		LLVMGetMDNodeOperands(node, few);
		return few[index];
	}
	struct values operands = operands_of(node);
	value = operands.items[index];
	free(operands.items);
	return value;
}

struct values list_at(LLVMValueRef node, unsigned index)
{
	LLVMValueRef list = operand(node, index);

	return is_node(list) ? operands_of(list) : (struct values){NULL, 0, 0};
}

void set_operand(LLVMValueRef node, unsigned index, LLVMValueRef value)
{
	if (index < (unsigned)LLVMGetMDNodeNumOperands(node))
		LLVMReplaceMDNodeOperandWith(node, index, metadata_of(value));
}

void clear_operands(LLVMValueRef node, const unsigned *indexes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set_operand(node, indexes[i], NULL);
}

LLVMValueRef string(const char *text)
{
	return value_of(LLVMMDStringInContext2(metadata_context, text, strlen(text)));
}

LLVMValueRef tuple(struct values values)
{
	LLVMMetadataRef *items = xcalloc(values.count + 1, sizeof *items);

	for (size_t i = 0; i < values.count; i++)
		items[i] = metadata_of(values.items[i]);
	LLVMValueRef result = value_of(LLVMMDNodeInContext2(metadata_context, items, values.count));
	free(items);
	return result;
}

char *text_at(LLVMValueRef node, unsigned index)
{
	LLVMValueRef value = operand(node, index);
	unsigned length = 0;
	const char *text = value ? LLVMGetMDString(value, &length) : NULL;

	return text ? xstrndup(text, length) : xstrdup("");
}

bool is_type(LLVMValueRef value)
{
	switch (is_node(value) ? kind_of_node(value) : LLVMMDTupleMetadataKind) {
	case LLVMDIBasicTypeMetadataKind:
	case LLVMDIDerivedTypeMetadataKind:
	case LLVMDICompositeTypeMetadataKind:
	case LLVMDISubroutineTypeMetadataKind:
		return true;
	default:
		return false;
	}
}

bool is_derived(LLVMValueRef value, enum tag tag)
{
	return is_node(value) && kind_of_node(value) == LLVMDIDerivedTypeMetadataKind &&
	       tag_of(value) == tag;
}

bool is_record(LLVMValueRef value)
{
	if (!is_node(value) || kind_of_node(value) != LLVMDICompositeTypeMetadataKind)
		return false;
	enum tag tag = tag_of(value);
	return tag == TAG_STRUCTURE || tag == TAG_CLASS || tag == TAG_UNION;
}

bool is_forward_declaration(LLVMValueRef type)
{
	return LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl;
}

uint64_t size_in_bits(LLVMValueRef type)
{
	return LLVMDITypeGetSizeInBits(metadata_of(type));
}

size_t count_elements(LLVMValueRef type)
{
	LLVMValueRef elements = operand(type, ELEMENTS);

	return is_node(elements) ? LLVMGetMDNodeNumOperands(elements) : 0;
}

/* Only the text says it. */
unsigned parameter_number(LLVMValueRef variable)
{
	if (!is_node(variable) || kind_of_node(variable) != LLVMDILocalVariableMetadataKind)
		return 0;
	char *text = node_field(variable, "arg");
	unsigned number = text ? strtoul(text, NULL, 10) : 0;
	free(text);
	return number;
}

LLVMValueRef variable_node(LLVMValueRef variable)
{
	size_t count = 0;
	unsigned dbg =
	    LLVMGetMDKindIDInContext(LLVMGetValueContext(variable), "dbg", strlen("dbg"));
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);
	LLVMValueRef found = NULL;

	for (size_t i = 0; i < count && !found; i++) {
		LLVMValueRef node = value_of(LLVMValueMetadataEntriesGetMetadata(entries, i));
		if (LLVMValueMetadataEntriesGetKind(entries, i) == dbg && is_node(node) &&
		    kind_of_node(node) == LLVMDIGlobalVariableExpressionMetadataKind)
			found = operand(node, VARIABLE_OF_EXPRESSION);
	}
	LLVMDisposeValueMetadataEntries(entries);
	return is_node(found) ? found : NULL;
}
