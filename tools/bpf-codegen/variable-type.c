#include "variable-type.h"
#include "metadata.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <string.h>

enum { ATE_UNSIGNED = 7, ATE_UNSIGNED_CHAR = 8 }; /* of DWARF */

/* The node of the variable's debug info, NULL where it has none. */
static LLVMValueRef node_of(LLVMValueRef variable)
{
	size_t count;
	unsigned dbg = LLVMGetMDKindIDInContext(metadata_context, "dbg", 3);
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);
	LLVMValueRef node = NULL;

	for (size_t i = 0; i < count; i++)
		if (LLVMValueMetadataEntriesGetKind(entries, i) == dbg)
			node = operand(value_of(LLVMValueMetadataEntriesGetMetadata(entries, i)),
			    VARIABLE_OF_EXPRESSION);
	LLVMDisposeValueMetadataEntries(entries);
	return node;
}

/* In bytes; 0 where it is not known. */
static uint64_t size_of_type(LLVMValueRef type)
{
	while (is_type(type) && !size_in_bits(type) &&
	       kind_of_node(type) == LLVMDIDerivedTypeMetadataKind)
		type = operand(type, BASE);
	return is_type(type) ? size_in_bits(type) / 8 : 0;
}

static LLVMMetadataRef integer(LLVMDIBuilderRef builder, uint64_t size)
{
	static const char *const names[] = {[1] = "unsigned char",
	    [2] = "unsigned short",
	    [4] = "unsigned int",
	    [8] = "unsigned long long"};

	return LLVMDIBuilderCreateBasicType(builder, names[size], strlen(names[size]), 8 * size,
	    size == 1 ? ATE_UNSIGNED_CHAR : ATE_UNSIGNED, LLVMDIFlagZero);
}

static LLVMMetadataRef type_of_size(LLVMDIBuilderRef builder, uint64_t size)
{
	if (size == 1 || size == 2 || size == 4 || size == 8)
		return integer(builder, size);
	LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(builder, 0, size);
	return LLVMDIBuilderCreateArrayType(builder, 8 * size, 8, integer(builder, 1), &range, 1);
}

static void fit(LLVMDIBuilderRef builder, LLVMValueRef variable, LLVMValueRef node, uint64_t size)
{
	LLVMMetadataRef file = metadata_of(operand(node, FILE_OF_VARIABLE));
	const char *name = value_name(variable);
	unsigned dbg = LLVMGetMDKindIDInContext(metadata_context, "dbg", 3);

	LLVMGlobalEraseMetadata(variable, dbg);
	LLVMGlobalSetMetadata(variable, dbg,
	    LLVMDIBuilderCreateGlobalVariableExpression(builder, file, name, strlen(name), "", 0,
		file, 0, type_of_size(builder, size), true,
		LLVMDIBuilderCreateExpression(builder, NULL, 0), NULL, 0));
}

void variable_types_fit(LLVMModuleRef module)
{
	LLVMDIBuilderRef builder = LLVMCreateDIBuilder(module);

	metadata_context = LLVMGetModuleContext(module);
	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable)) {
		if (LLVMGetLinkage(variable) != LLVMInternalLinkage)
			continue;
		LLVMValueRef node = node_of(variable);
		uint64_t size = LLVMABISizeOfType(
		    LLVMGetModuleDataLayout(module), LLVMGlobalGetValueType(variable));
		if (node && size && size < size_of_type(operand(node, VARIABLE_TYPE)))
			fit(builder, variable, node, size);
	}
	LLVMDisposeDIBuilder(builder);
}
