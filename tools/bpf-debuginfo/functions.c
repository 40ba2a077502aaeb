#include "functions.h"
#include "c-names.h"
#include "core-marker.h"
#include "debug-info.h"
#include "exports.h"
#include "libllvm.h"
#include "memory.h"
#include "metadata.h"
#include "module.h"
#include "node-text.h"
#include "nodes.h"
#include "text.h"
#include "types.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

static bool is_local(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;
}

/* The nearest type that C has for one of LLVM's, NULL for void. */
static LLVMMetadataRef type_like(LLVMTypeRef type)
{
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);
	unsigned bits;
	const char *name;

	switch (LLVMGetTypeKind(type)) {
	case LLVMVoidTypeKind:
		return NULL;
	case LLVMPointerTypeKind:
		return LLVMDIBuilderCreatePointerType(builder, NULL, 64, 0, 0, "", 0);
	case LLVMIntegerTypeKind:
		bits = LLVMGetIntTypeWidth(type);
		name = bits == 1    ? "_Bool"
		       : bits <= 8  ? "unsigned char"
		       : bits <= 16 ? "unsigned short"
		       : bits <= 32 ? "unsigned int"
		       : bits <= 64 ? "unsigned long long"
				    : "unsigned __int128";
		bits = LLVMABISizeOfType(layout, type) * 8;
		return metadata_of(basic_type(name, bits > 128 ? 128 : bits, encoding_of_c(name)));
	case LLVMFloatTypeKind:
		return metadata_of(basic_type("float", 32, encoding_of_c("float")));
	case LLVMDoubleTypeKind:
		return metadata_of(basic_type("double", 64, encoding_of_c("double")));
	default:
		return metadata_of(
		    bytes(LLVMTypeIsSized(type) ? LLVMABISizeOfType(layout, type) * 8 : 0));
	}
}

/* A prototype of what LLVM knows of the function. */
static LLVMMetadataRef prototype_of(LLVMValueRef function, LLVMMetadataRef file)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(function);
	unsigned count = LLVMCountParamTypes(type);
	LLVMTypeRef *parameters = xcalloc(count + 1, sizeof *parameters);
	LLVMMetadataRef *types = xcalloc(count + 2, sizeof *types), prototype;

	LLVMGetParamTypes(type, parameters);
	types[0] = type_like(LLVMGetReturnType(type));
	for (unsigned i = 0; i < count; i++)
		types[i + 1] = type_like(parameters[i]);
	prototype =
	    LLVMDIBuilderCreateSubroutineType(builder, file, types, count + 1, LLVMDIFlagZero);
	free(parameters);
	free(types);
	return prototype;
}

static void give_subprogram(LLVMValueRef function, LLVMValueRef unit)
{
	LLVMMetadataRef file = metadata_of(operand(unit, FILE_OF));
	bool is_definition = !LLVMIsDeclaration(function);
	char *name = sanitized(value_name(function));
	LLVMMetadataRef subprogram = LLVMDIBuilderCreateFunction(builder, file, name, strlen(name),
	    "", 0, file, 0, prototype_of(function, file), is_definition && is_local(function),
	    is_definition, 0, LLVMDIFlagPrototyped, true);

	if (is_definition)
		set_operand(value_of(subprogram), UNIT, unit);
	LLVMSetSubprogram(function, subprogram);
	note("function", value_name(function),
	    "has no debug info; its prototype is made from its IR");
	free(name);
}

/* With line tables alone, clang describes no types. */
static bool has_prototype(LLVMValueRef subprogram)
{
	LLVMValueRef type = operand(subprogram, FUNCTION_TYPE);
	LLVMValueRef types = is_node(type) ? operand(type, TYPES) : NULL;

	return is_node(types) && LLVMGetMDNodeNumOperands(types);
}

static void give_prototype(LLVMValueRef function)
{
	LLVMValueRef subprogram = value_of(LLVMGetSubprogram(function));

	if (has_prototype(subprogram))
		return;
	note("function", value_name(function), "has no types; its prototype is made from its IR");
	set_operand(subprogram, FUNCTION_TYPE,
	    value_of(prototype_of(function, metadata_of(operand(subprogram, FILE_OF)))));
}

/* A variable of the kernel's of which no more is known than that it is there. */
static void give_type(LLVMValueRef variable, LLVMValueRef unit)
{
	LLVMMetadataRef file = metadata_of(operand(unit, FILE_OF));
	const char *name = value_name(variable);
	LLVMMetadataRef nothing = LLVMDIBuilderCreateQualifiedType(builder, TAG_CONST, NULL);

	LLVMGlobalSetMetadata(variable, LLVMGetMDKindIDInContext(metadata_context, "dbg", 3),
	    LLVMDIBuilderCreateGlobalVariableExpression(builder, file, name, strlen(name), "", 0,
		file, 0, nothing, false, LLVMDIBuilderCreateExpression(builder, NULL, 0), NULL, 0));
}

static bool has_debug_info(LLVMValueRef variable)
{
	size_t count;
	unsigned dbg = LLVMGetMDKindIDInContext(metadata_context, "dbg", 3);
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found |= LLVMValueMetadataEntriesGetKind(entries, i) == dbg;
	LLVMDisposeValueMetadataEntries(entries);
	return found;
}

/* BTF has a variable's symbol, which may hold dots as well. One that is static may have another. */
static void fit_symbol(LLVMValueRef variable)
{
	char *name = xstrdup(value_name(variable)), *without_dots = xstrdup(name), *fit;

	for (char *c = without_dots; *c; c++)
		if (*c == '.')
			*c = '_';
	if (!is_identifier(without_dots) || strlen(name) > LONGEST_NAME) {
		fit = sanitized(name);
		if (is_local(variable)) {
			note("variable", name,
			    xasprintf("is sanitized to the C identifier '%s'", fit));
			LLVMSetValueName2(variable, fit, strlen(fit));
		} else {
			note("variable", name,
			    "is omitted from BTF, which allows only C identifiers");
			message(level_of_warnings(),
			    "variable '%s' is omitted from BTF, which allows only C identifiers",
			    name);
			LLVMGlobalEraseMetadata(
			    variable, LLVMGetMDKindIDInContext(metadata_context, "dbg", 3));
		}
		free(fit);
	}
	free(without_dots);
	free(name);
}

static bool is_of_kernel(LLVMValueRef global)
{
	return LLVMIsDeclaration(global) && LLVMGetFirstUse(global) &&
	       strncmp(value_name(global), "llvm.", 5) && !is_memory_builtin(value_name(global)) &&
	       !LLVMGetSection(global);
}

/* What nothing defines is the kernel's: Rust has no way to say so. Loaders look for it in
 * .ksyms, and for its type in BTF. */
static void put_in_ksyms(LLVMValueRef global)
{
	note("symbol", value_name(global), "is undefined, and taken for a kernel symbol (.ksyms)");
	LLVMSetSection(global, ".ksyms");
}

/* It would be taken for a function of the kernel's, and found in none. */
static void check_lowered(LLVMValueRef function)
{
	char *place = core_marker_place(value_name(function));

	if (is_core_marker(value_name(function)))
		fail(
		    "%s: a CO-RE relocation is asked for, which bpf-core makes: run it before this",
		    *place ? place : value_name(function));
	free(place);
}

static void give_debug_info_to_function(LLVMValueRef function, LLVMValueRef unit)
{
	check_lowered(function);
	if (LLVMGetSubprogram(function)) {
		give_prototype(function);
	} else if (!LLVMIsDeclaration(function)) {
		give_subprogram(function, unit);
	} else if (is_of_kernel(function)) {
		put_in_ksyms(function);
		give_subprogram(function, unit);
	}
}

static void give_debug_info_to_variable(LLVMValueRef variable, LLVMValueRef unit)
{
	if (has_debug_info(variable))
		fit_symbol(variable); /* which may leave it none */
	if (is_of_kernel(variable) && !has_debug_info(variable)) {
		put_in_ksyms(variable);
		give_type(variable, unit);
	}
}

/* A call of a function with debug info, in one with debug info, must have a location. */
static void give_locations(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	LLVMMetadataRef nowhere = NULL;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); subprogram && block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			if ((!LLVMIsACallInst(instruction) && !LLVMIsAInvokeInst(instruction)) ||
			    LLVMInstructionGetDebugLoc(instruction))
				continue;
			if (!nowhere)
				nowhere = LLVMDIBuilderCreateDebugLocation(
				    metadata_context, 0, 0, subprogram, NULL);
			LLVMInstructionSetDebugLoc(instruction, nowhere);
		}
}

void give_debug_info(LLVMValueRef unit)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		give_debug_info_to_function(function, unit);
	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable))
		give_debug_info_to_variable(variable, unit);
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		give_locations(function);
}

/* The variables of the subprogram's parameters, of those that it retains, by number; NULL where
 * there is none. For the caller to free. */
static struct values find_parameters(LLVMValueRef subprogram, struct values retained)
{
	struct values found = {.count = count_parameters(subprogram)};

	found.items = xcalloc(found.count + 1, sizeof *found.items);
	for (size_t i = 0; i < retained.count; i++) {
		LLVMValueRef variable = retained.items[i];
		unsigned number = parameter_number(variable);
		if (number && number <= found.count && !found.items[number - 1] &&
		    operand(variable, VARIABLE_SCOPE) == subprogram)
			found.items[number - 1] = variable;
	}
	return found;
}

/* The variable, or a new one of the number and the type where it is NULL, with a name. */
static LLVMValueRef with_name(
    LLVMValueRef subprogram, LLVMValueRef variable, unsigned number, LLVMValueRef type)
{
	char *name = variable ? text_at(variable, VARIABLE_NAME) : xstrdup("");

	if (!*name) {
		free(name);
		name = xasprintf("arg%u", number);
	}
	if (variable)
		set_operand(variable, VARIABLE_NAME, string(name));
	else
		variable =
		    value_of(LLVMDIBuilderCreateParameterVariable(builder, metadata_of(subprogram),
			name, strlen(name), number, metadata_of(operand(subprogram, FILE_OF)), 0,
			metadata_of(type), false, LLVMDIFlagZero));
	free(name);
	add_node(variable);
	return variable;
}

/* The kernel wants a name for each parameter, and LLVM takes them from the variables that the
 * subprogram retains. */
static void fit_parameters_of(LLVMValueRef subprogram)
{
	LLVMValueRef type = operand(subprogram, FUNCTION_TYPE);
	struct values types = is_node(type) ? list_at(type, TYPES) : (struct values){NULL, 0, 0};
	struct values retained = list_at(subprogram, RETAINED);
	struct values variables = find_parameters(subprogram, retained);

	for (size_t i = 0; i < variables.count && i + 1 < types.count; i++)
		variables.items[i] =
		    with_name(subprogram, variables.items[i], i + 1, types.items[i + 1]);
	/* others that were retained stay so */
	for (size_t i = 0; i < retained.count; i++)
		if (!parameter_number(retained.items[i]))
			add_value(&variables, retained.items[i]);
	if (types.count > 1) {
		set_operand(subprogram, RETAINED, tuple(variables));
		add_node(operand(subprogram, RETAINED));
	}
	free(types.items);
	free(retained.items);
	free(variables.items);
}

void fit_parameters(void)
{
	size_t first_new = nodes.count;

	for (size_t i = 0; i < functions.count; i++)
		if (!LLVMIsDeclaration(functions.items[i].value))
			fit_parameters_of(functions.items[i].subprogram);
	reach_operands(first_new);
}

static void fit_linkage_of(const struct function *function)
{
	char *flags = node_field(function->subprogram, "spFlags");
	bool says_local = flags && strstr(flags, "DISPFlagLocalToUnit");

	if (is_local(function->value) && !says_local) {
		note(
		    "function", value_name(function->value), "is static, since it is not exported");
		remake(function->subprogram, "spFlags: ", "spFlags: DISPFlagLocalToUnit | ");
	} else if (!is_local(function->value) && says_local) {
		note("function", value_name(function->value), "is global, since it is exported");
		remake(function->subprogram, "DISPFlagLocalToUnit | ", "");
	}
	free(flags);
}

void fit_linkage(void)
{
	for (size_t i = 0; i < functions.count; i++)
		if (!LLVMIsDeclaration(functions.items[i].value))
			fit_linkage_of(&functions.items[i]);
}

void drop_empty_variables(void)
{
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);

	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable)) {
		if (LLVMIsDeclaration(variable) ||
		    LLVMABISizeOfType(layout, LLVMGlobalGetValueType(variable)))
			continue;
		LLVMGlobalEraseMetadata(
		    variable, LLVMGetMDKindIDInContext(metadata_context, "dbg", 3));
		note("variable", value_name(variable), "dropped: it has no size");
	}
}
