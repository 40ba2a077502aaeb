#include "prototype.h"
#include "libllvm.h"
#include "llvm-version.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

/* Of an argument: the parameter that it is; of a function: that it is known. */
static const char attribute[] = "bpf-linker-parameter";

enum { ATE_UNSIGNED = 7 }; /* of DWARF */

static unsigned number_of(LLVMValueRef function, unsigned argument)
{
	unsigned length;
	LLVMAttributeRef found =
	    LLVMGetStringAttributeAtIndex(function, argument + 1, attribute, strlen(attribute));

	return found ? strtoul(LLVMGetStringAttributeValue(found, &length), NULL, 10) : 0;
}

static void set_number(LLVMValueRef function, unsigned argument, unsigned number)
{
	char *text = xasprintf("%u", number);

	LLVMAddAttributeAtIndex(function, argument + 1,
	    LLVMCreateStringAttribute(
		LLVMGetValueContext(function), attribute, strlen(attribute), text, strlen(text)));
	free(text);
}

#if DECLARES_DEBUG_RECORDS
static void note_record(LLVMValueRef function, LLVMDbgRecordRef record)
{
	LLVMValueRef value = LLVMDbgVariableRecordGetValue(record, 0);
	LLVMValueRef variable = value_of(LLVMDbgVariableRecordGetVariable(record));

	if (!value || !LLVMIsAArgument(value) ||
	    operand(variable, VARIABLE_SCOPE) != value_of(LLVMGetSubprogram(function)))
		return;
	for (unsigned i = 0; i < LLVMCountParams(function); i++)
		if (LLVMGetParam(function, i) == value && !number_of(function, i) &&
		    parameter_number(variable))
			set_number(function, i, parameter_number(variable));
}
#endif

/* Records that name an argument stand in the first block. */
static void note_records(LLVMValueRef function)
{
#if DECLARES_DEBUG_RECORDS
	if (!libllvm_has_debug_records())
		return;
	for (LLVMValueRef instruction = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
	    instruction; instruction = LLVMGetNextInstruction(instruction))
		for (LLVMDbgRecordRef record = LLVMGetFirstDbgRecord(instruction); record;
		    record = LLVMGetNextDbgRecord(record))
			if (LLVMDbgRecordGetKind(record) != LLVMDbgRecordLabel)
				note_record(function, record);
#else
	(void)function;
#endif
}

/* The types of result and parameters, for the caller to free. */
static struct values types_of(LLVMValueRef subprogram)
{
	LLVMValueRef type = operand(subprogram, FUNCTION_TYPE);

	return is_node(type) ? list_at(type, TYPES) : (struct values){NULL, 0, 0};
}

void prototype_note(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	struct values types =
	    subprogram ? types_of(value_of(subprogram)) : (struct values){NULL, 0, 0};
	unsigned count = LLVMCountParams(function);

	/* where records do not tell which are left, only what kernels refuse is changed */
	if (types.count > 1 && !LLVMIsDeclaration(function) && count < types.count &&
	    (libllvm_has_debug_records() || count == types.count - 1 ||
		types.count - 1 > MOST_REGISTERS)) {
		origin_set_attribute(function, attribute, "");
		note_records(function);
		/* as they came from the compiler */
		for (unsigned i = 0; count == types.count - 1 && i < count; i++)
			if (!number_of(function, i))
				set_number(function, i, i + 1);
	}
	free(types.items);
}

/* Of an argument of which no more is known. */
static LLVMMetadataRef type_like(LLVMDIBuilderRef builder, LLVMValueRef argument)
{
	LLVMTypeRef type = LLVMTypeOf(argument);
	static const char *const names[] = {
	    "unsigned char", "unsigned short", "unsigned int", "unsigned long long"};
	unsigned bits =
	    LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 64;
	unsigned size = bits <= 8 ? 0 : bits <= 16 ? 1 : bits <= 32 ? 2 : 3;

	if (LLVMGetTypeKind(type) == LLVMPointerTypeKind)
		return LLVMDIBuilderCreatePointerType(builder, NULL, 64, 0, 0, "", 0);
	return LLVMDIBuilderCreateBasicType(
	    builder, names[size], strlen(names[size]), 8u << size, ATE_UNSIGNED, LLVMDIFlagZero);
}

/* The name of the subprogram's parameter of the number, to be freed; "" where there is none. */
static char *name_of_parameter(struct values retained, unsigned number)
{
	for (size_t i = 0; i < retained.count; i++)
		if (number && parameter_number(retained.items[i]) == number)
			return text_at(retained.items[i], VARIABLE_NAME);
	return xstrdup("");
}

static void fit(LLVMDIBuilderRef builder, LLVMValueRef function, LLVMValueRef subprogram,
    struct values old, bool keeps_variables)
{
	struct values retained = list_at(subprogram, RETAINED), variables = {NULL, 0, 0};
	unsigned count = LLVMCountParams(function);
	LLVMMetadataRef *types = xcalloc(count + 1, sizeof *types);
	LLVMMetadataRef file = metadata_of(operand(subprogram, FILE_OF));

	types[0] = metadata_of(old.items[0]);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = number_of(function, i);
		char *name = name_of_parameter(retained, number);
		if (!*name) {
			free(name);
			name = xasprintf("arg%u", i + 1);
		}
		types[i + 1] = number && number < old.count
				   ? metadata_of(old.items[number])
				   : type_like(builder, LLVMGetParam(function, i));
		add_value(&variables,
		    value_of(LLVMDIBuilderCreateParameterVariable(builder, metadata_of(subprogram),
			name, strlen(name), i + 1, file, 0, types[i + 1], false, LLVMDIFlagZero)));
		free(name);
	}
	for (size_t i = 0; i < retained.count; i++)
		if (!parameter_number(retained.items[i]))
			add_value(&variables, retained.items[i]);
	if (!keeps_variables)
		set_operand(subprogram, RETAINED, tuple(variables));
	set_operand(subprogram, FUNCTION_TYPE,
	    value_of(LLVMDIBuilderCreateSubroutineType(
		builder, file, types, count + 1, LLVMDIFlagZero)));
	free(retained.items);
	free(variables.items);
	free(types);
}

static void forget(LLVMValueRef function)
{
	for (unsigned i = 0; i < LLVMCountParams(function); i++)
		LLVMRemoveStringAttributeAtIndex(function, i + 1, attribute, strlen(attribute));
	origin_set_attribute(function, attribute, NULL);
}

void prototype_fit(LLVMModuleRef module, bool keeps_variables)
{
	LLVMDIBuilderRef builder = LLVMCreateDIBuilder(module);

	metadata_context = LLVMGetModuleContext(module);
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
		if (!subprogram || !origin_attribute(function, attribute))
			continue;
		struct values types = types_of(value_of(subprogram));
		if (LLVMGetLinkage(function) == LLVMInternalLinkage && types.items &&
		    types.count > LLVMCountParams(function) + 1 && types.items[types.count - 1])
			fit(builder, function, value_of(subprogram), types, keeps_variables);
		free(types.items);
		forget(function);
	}
	LLVMDisposeDIBuilder(builder);
}
