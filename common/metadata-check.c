#include "metadata-check.h"
#include "libllvm.h"
#include "memory.h"
#include "metadata.h"
#include "node-text.h"
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPERANDS = 13 };

/* A kind of node, and what its text has first; the fields that are operands; one that is only
 * printed, and read there. */
struct layout {
	const char *kind, *start;
	struct operand {
		const char *field;
		unsigned index;
		bool is_string;
	} operands[MOST_OPERANDS + 1];
	const char *read, *value;
};

static const struct layout layouts[] = {
    {"DIBasicType", "encoding: DW_ATE_unsigned", {{NULL}}, "encoding", "DW_ATE_unsigned"},
    {"DIDerivedType", "tag: DW_TAG_member",
	{{"file", FILE_OF}, {"scope", SCOPE}, {"name", NAME, true}, {"baseType", BASE},
	    {"annotations", DERIVED_ANNOTATIONS}}},
    {"DICompositeType", "tag: DW_TAG_variant_part",
	{{"file", FILE_OF}, {"scope", SCOPE}, {"name", NAME, true}, {"size", SIZE},
	    {"baseType", BASE}, {"elements", ELEMENTS}, {"vtableHolder", VTABLE},
	    {"templateParams", TYPE_TEMPLATE}, {"identifier", IDENTIFIER, true},
	    {"discriminator", DISCRIMINATOR}}},
    {"DISubroutineType", "flags: 0", {{"types", TYPES}}},
    {"DISubrange", "lowerBound: 0", {{"count", COUNT}}},
    {"DIEnumerator", "value: 1", {{"name", ENUMERATOR_NAME, true}}},
    {"DITemplateTypeParameter", "name: \"T\"", {{"type", ARGUMENT_TYPE}}},
    {"DITemplateValueParameter", "value: !0", {{"type", ARGUMENT_TYPE}}},
    {"DISubprogram", "spFlags: DISPFlagLocalToUnit | DISPFlagDefinition",
	{{"file", FILE_OF}, {"scope", SCOPE}, {"name", NAME, true}, {"type", FUNCTION_TYPE},
	    {"unit", UNIT}, {"declaration", DECLARATION}, {"retainedNodes", RETAINED},
	    {"containingType", CONTAINING}, {"templateParams", FUNCTION_TEMPLATE},
	    {"thrownTypes", THROWN}, {"annotations", FUNCTION_ANNOTATIONS},
	    {"targetFuncName", TARGET_NAME, true}},
	"spFlags", "DISPFlagLocalToUnit | DISPFlagDefinition"},
    {"DILocalVariable", "arg: 1",
	{{"scope", VARIABLE_SCOPE}, {"name", VARIABLE_NAME, true}, {"file", FILE_OF_VARIABLE},
	    {"type", VARIABLE_TYPE}, {"annotations", LOCAL_ANNOTATIONS}},
	"arg", "1"},
    {"DIGlobalVariable", "line: 1",
	{{"scope", VARIABLE_SCOPE}, {"name", VARIABLE_NAME, true}, {"file", FILE_OF_VARIABLE},
	    {"type", VARIABLE_TYPE}, {"declaration", STATIC_MEMBER},
	    {"templateParams", VARIABLE_TEMPLATE}, {"annotations", VARIABLE_ANNOTATIONS}}},
    {"DIGlobalVariableExpression", "expr: !DIExpression()", {{"var", VARIABLE_OF_EXPRESSION}}},
    {"DICompileUnit", "language: DW_LANG_C99, emissionKind: LineTablesOnly",
	{{"file", FILE_OF}, {"splitDebugFilename", SPLIT_NAME, true}, {"enums", ENUMERATIONS},
	    {"retainedTypes", RETAINED_TYPES}, {"globals", GLOBALS}, {"imports", IMPORTED},
	    {"macros", MACROS}},
	"emissionKind", "LineTablesOnly"},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* One node of the layout, distinct, so that none of a module that is read is equal: an operand is
 * the node, or the string, that has its index for a name. */
static void write_node(FILE *text, const struct layout *layout)
{
	fprintf(text, "distinct !%s(%s", layout->kind, layout->start);
	for (const struct operand *operand = layout->operands; operand->field; operand++)
		fprintf(text, operand->is_string ? ", %s: \"%u\"" : ", %s: !%u", operand->field,
		    operand->index);
	fprintf(text, ")\n");
}

/* A module of which !operands has the nodes that are operands, by index, and !nodes one of each
 * layout. */
static LLVMModuleRef parse_module(void)
{
	LLVMModuleRef module;
	char *ir, *reason;
	size_t size;
	FILE *text = xopen_memstream(&ir, &size);

	for (int i = 0; i < MOST_OPERANDS; i++)
		fprintf(text, "!%d = distinct !{}\n", i);
	fprintf(text, "!operands = !{!0");
	for (int i = 1; i < MOST_OPERANDS; i++)
		fprintf(text, ", !%d", i);
	fprintf(text, "}\n!nodes = !{!%d", MOST_OPERANDS);
	for (int i = 1; i < LAYOUTS; i++)
		fprintf(text, ", !%d", MOST_OPERANDS + i);
	fprintf(text, "}\n");
	for (int i = 0; i < LAYOUTS; i++) {
		fprintf(text, "!%d = ", MOST_OPERANDS + i);
		write_node(text, &layouts[i]);
	}
	xclose_memstream(text);
	if (LLVMParseIRInContext(metadata_context,
		xchecked(LLVMCreateMemoryBufferWithMemoryRange(ir, size, "metadata", true)),
		&module, &reason))
		libllvm_refuse("does not parse the debug info that this version knows: %s", reason);
	return module;
}

static bool is_at_index(LLVMValueRef node, struct operand wanted, const LLVMValueRef *operands)
{
	if (!wanted.is_string)
		return operand(node, wanted.index) == operands[wanted.index];
	char *text = text_at(node, wanted.index), *end;
	bool is_it = *text && strtoul(text, &end, 10) == wanted.index && !*end;
	free(text);
	return is_it;
}

static void check(LLVMValueRef node, const struct layout *layout, const LLVMValueRef *operands)
{
	for (const struct operand *operand = layout->operands; operand->field; operand++)
		if (!is_at_index(node, *operand, operands))
			libllvm_refuse("lays out debug info in an unknown way: %s of %s is not "
				       "operand %u",
			    operand->field, layout->kind, operand->index);
	if (!layout->read)
		return;
	char *value = node_field(node, layout->read);
	if (!value || strcmp(value, layout->value))
		libllvm_refuse("prints debug info in an unknown way: %s of %s is %s, not %s",
		    layout->read, layout->kind, value ? value : "missing", layout->value);
	free(value);
}

static void check_layouts(void)
{
	LLVMModuleRef module = parse_module();
	LLVMValueRef operands[MOST_OPERANDS], nodes[LAYOUTS];

	LLVMGetNamedMetadataOperands(module, "operands", operands);
	LLVMGetNamedMetadataOperands(module, "nodes", nodes);
	for (size_t i = 0; i < LAYOUTS; i++)
		check(nodes[i], &layouts[i], operands);
	LLVMDisposeModule(module);
}

void metadata_check(void)
{
	if (!libllvm_is_linked_in())
		check_layouts();
}

void metadata_check_for_version(void)
{
	metadata_context = LLVMContextCreate();
	check_layouts();
}
