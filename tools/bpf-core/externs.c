#include "externs.h"
#include "metadata.h"
#include "types.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <string.h>

/* The flags of kinds. */
static bool is_kconfig(const struct marker *marker)
{
	return marker->kind->flag & EXTERN_KCONFIG;
}

static const char *section_of(const struct marker *marker)
{
	return is_kconfig(marker) ? ".kconfig" : ".ksyms";
}

/* The prototype of a pointer to a function; NULL of other types. */
static LLVMValueRef prototype_of(LLVMValueRef type)
{
	LLVMValueRef resolved_type = resolved(type);
	LLVMValueRef base =
	    is_derived(resolved_type, TAG_POINTER) ? operand(resolved_type, BASE) : NULL;
	bool is_prototype = is_node(base) && kind_of_node(base) == LLVMDISubroutineTypeMetadataKind;

	return is_prototype ? base : NULL;
}

bool extern_check(struct marker *marker, LLVMValueRef call, LLVMValueRef type)
{
	LLVMValueRef symbol = LLVMGetOperand(call, 1), prototype = prototype_of(type);
	const char *section = LLVMIsAGlobalValue(symbol) ? LLVMGetSection(symbol) : NULL;

	if (!LLVMIsAFunction(symbol) && !LLVMIsAGlobalVariable(symbol))
		marker_refuse(marker, "the second argument is to be the address of a declaration");
	else if (!LLVMIsDeclaration(symbol))
		marker_refuse(marker, "'%s' is defined in the program", value_name(symbol));
	else if (section && *section && strcmp(section, section_of(marker)))
		marker_refuse(marker, "'%s' is declared for another section, %s",
		    value_name(symbol), section);
	else if (is_kconfig(marker) && LLVMIsAFunction(symbol))
		marker_refuse(
		    marker, "'%s' is a function, and kconfig has variables", value_name(symbol));
	else if (LLVMIsAFunction(symbol) && !prototype)
		marker_refuse(marker, "'%s' is a function, and its type is no pointer to one",
		    value_name(symbol));
	return !marker->is_wrong;
}

static LLVMMetadataRef file_of(LLVMModuleRef module)
{
	LLVMValueRef unit = NULL;

	if (LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu") == 1)
		LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", &unit);
	return unit ? metadata_of(operand(unit, FILE_OF)) : NULL;
}

static void describe_function(
    LLVMDIBuilderRef builder, LLVMValueRef function, LLVMValueRef prototype, LLVMMetadataRef file)
{
	const char *name = value_name(function);

	LLVMSetSubprogram(
	    function, LLVMDIBuilderCreateFunction(builder, file, name, strlen(name), "", 0, file, 0,
			  metadata_of(prototype), false, false, 0, LLVMDIFlagPrototyped, true));
}

/* An address of which nothing is known is that of a const void. Rust's void is (), of no size. */
static void describe_variable(
    LLVMDIBuilderRef builder, LLVMValueRef variable, LLVMValueRef type, LLVMMetadataRef file)
{
	const char *name = value_name(variable);
	bool is_void = is_basic(type) && !size_in_bits(type);
	LLVMMetadataRef known = is_void ? LLVMDIBuilderCreateQualifiedType(builder, TAG_CONST, NULL)
					: metadata_of(type);

	LLVMGlobalSetMetadata(variable, LLVMGetMDKindIDInContext(metadata_context, "dbg", 3),
	    LLVMDIBuilderCreateGlobalVariableExpression(builder, file, name, strlen(name), "", 0,
		file, 0, known, false, LLVMDIBuilderCreateExpression(builder, NULL, 0), NULL, 0));
}

void lower_extern(
    LLVMDIBuilderRef builder, LLVMValueRef call, const struct marker *marker, LLVMValueRef type)
{
	LLVMValueRef symbol = LLVMGetOperand(call, 1);
	LLVMMetadataRef file = file_of(LLVMGetGlobalParent(symbol));

	LLVMSetSection(symbol, section_of(marker));
	if (marker->kind->flag & EXTERN_WEAK)
		LLVMSetLinkage(symbol, LLVMExternalWeakLinkage);
	if (LLVMIsAFunction(symbol) && !LLVMGetSubprogram(symbol))
		describe_function(builder, symbol, prototype_of(type), file);
	else if (LLVMIsAGlobalVariable(symbol) && !variable_node(symbol))
		describe_variable(builder, symbol, type, file);
	LLVMReplaceAllUsesWith(call, symbol);
	LLVMInstructionEraseFromParent(call);
}
