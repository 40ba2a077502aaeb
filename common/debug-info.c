#include "debug-info.h"
#include "btf-types.h"
#include "core-marker.h"
#include "libllvm.h"
#include "llvm-version.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "prototype.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

struct functions functions;
struct values nodes;
static struct map known;        /* of nodes */
static struct map attached;     /* subprograms of functions */
static struct values relocated; /* types of CO-RE relocations */
/* Names of functions and variables whose debug info names types with pointers to follow. */
static struct map carriers = {MAP_OF_STRINGS};

/* An instruction's location, or a variable's debug info. */
struct attachment {
	LLVMValueRef value;
	LLVMMetadataRef metadata;
};
static struct {
	ARRAY(struct attachment);
} attachments;

static enum detail kept;
static LLVMValueRef no_parameters; /* the type of a function */
static unsigned relocation_kinds[2];

void debug_info_reset(void)
{
	functions.count = nodes.count = relocated.count = attachments.count = 0;
	map_clear(&known);
	map_clear(&attached);
	relocation_kinds[0] = 0;
}

void add_node(LLVMValueRef value)
{
	if (is_node(value) && map_add(&known, value))
		add_value(&nodes, value);
}

/* Noting */

static void note_attachment(LLVMValueRef value, LLVMMetadataRef metadata)
{
	array_add(&attachments, (struct attachment){value, metadata});
}

static unsigned metadata_kind(const char *name)
{
	return LLVMGetMDKindIDInContext(metadata_context, name, strlen(name));
}

/* Of CO-RE: access.index is at the calls that compilers write, and at the variables that LLVM's
 * passes make of them. */
static void note_relocation(LLVMValueRef call)
{
	if (!relocation_kinds[0]) {
		relocation_kinds[0] = metadata_kind("llvm.preserve.access.index");
		relocation_kinds[1] = metadata_kind("btf_type");
	}
	for (size_t i = 0; i < sizeof relocation_kinds / sizeof *relocation_kinds; i++) {
		LLVMValueRef type = LLVMGetMetadata(call, relocation_kinds[i]);
		if (type)
			add_value(&relocated, type);
	}
}

/* What bpf-core makes relocations of, where that goes through pointers. The carrier may be defined
 * in another module. */
static void note_marker(LLVMValueRef call)
{
	LLVMValueRef callee = LLVMGetCalledValue(call);

	if (LLVMIsAFunction(callee) && core_marker_follows_pointers(value_name(callee)) &&
	    LLVMGetNumArgOperands(call) && LLVMIsAGlobalValue(LLVMGetOperand(call, 0)))
		map_add(&carriers, value_name(LLVMGetOperand(call, 0)));
}

static void note_instructions(LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
			if (location)
				note_attachment(instruction, location);
			if (LLVMIsACallInst(instruction))
				note_relocation(instruction), note_marker(instruction);
		}
}

void each_debug_record(LLVMValueRef function,
    void (*visit)(LLVMMetadataRef location, LLVMMetadataRef variable, void *data), void *data)
{
#if DECLARES_DEBUG_RECORDS
	if (!libllvm_has_debug_records())
		return;
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			for (LLVMDbgRecordRef record = LLVMGetFirstDbgRecord(instruction); record;
			    record = LLVMGetNextDbgRecord(record)) {
				visit(LLVMDbgRecordGetDebugLoc(record), NULL, data);
				if (LLVMDbgRecordGetKind(record) != LLVMDbgRecordLabel)
					visit(NULL, LLVMDbgVariableRecordGetVariable(record), data);
			}
#else
	(void)function;
	(void)visit;
	(void)data;
#endif
}

/* The variables of a subprogram's parameters. */
struct parameters {
	LLVMValueRef subprogram;
	struct values variables;
	struct map seen;
};

static void note_parameter_of_record(LLVMMetadataRef location, LLVMMetadataRef metadata, void *data)
{
	struct parameters *parameters = data;
	LLVMValueRef variable = value_of(metadata);

	(void)location;
	if (is_node(variable) && map_add(&parameters->seen, variable) &&
	    operand(variable, VARIABLE_SCOPE) == parameters->subprogram &&
	    parameter_number(variable))
		add_value(&parameters->variables, variable);
}

size_t count_parameters(LLVMValueRef subprogram)
{
	LLVMValueRef type = operand(subprogram, FUNCTION_TYPE);
	struct values types = is_node(type) ? list_at(type, TYPES) : (struct values){NULL, 0, 0};
	size_t count = types.count ? types.count - 1 : 0;

	/* the end of a list of any length has no type */
	if (count && !types.items[count])
		count--;
	free(types.items);
	return count;
}

/* Has the subprogram retain the variables of its parameters; others no longer, unless EVERYTHING is
 * kept. Without optimization, clang has subprograms retain none: they are in the records alone. */
static void retain_parameters(struct function function)
{
	struct parameters parameters = {.subprogram = function.subprogram};
	struct values old = list_at(function.subprogram, RETAINED);
	size_t count = 0;

	for (size_t i = 0; i < old.count; i++) {
		bool is_parameter = parameter_number(old.items[i]);
		count += is_parameter;
		map_add(&parameters.seen, old.items[i]);
		if (is_parameter || kept == EVERYTHING)
			add_value(&parameters.variables, old.items[i]);
	}
	prototype_note(function.value);
	if (count < count_parameters(function.subprogram))
		each_debug_record(function.value, note_parameter_of_record, &parameters);
	/* LLVM 23 has subprograms retain static variables, too */
	if (count != old.count || parameters.variables.count != old.count)
		set_operand(function.subprogram, RETAINED, tuple(parameters.variables));
	free(old.items);
	free(parameters.variables.items);
	map_clear(&parameters.seen);
}

void note_function(LLVMValueRef function)
{
	LLVMValueRef subprogram = value_of(LLVMGetSubprogram(function));

	note_instructions(function);
	if (!subprogram)
		return;
	array_add(&functions, (struct function){function, subprogram});
	map_add(&attached, subprogram);
}

void note_variable(LLVMValueRef variable)
{
	size_t count;
	unsigned dbg = metadata_kind("dbg"), access = metadata_kind("llvm.preserve.access.index");
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);

	for (size_t i = 0; i < count; i++) {
		LLVMMetadataRef metadata = LLVMValueMetadataEntriesGetMetadata(entries, i);
		unsigned kind = LLVMValueMetadataEntriesGetKind(entries, i);
		if (kind == dbg)
			note_attachment(variable, metadata);
		else if (kind == access)
			add_value(&relocated, value_of(metadata));
	}
	LLVMDisposeValueMetadataEntries(entries);
}

/* Slimming */

static void slim_subprogram(LLVMValueRef subprogram)
{
	CLEAR(subprogram, SCOPE, DECLARATION, CONTAINING, THROWN, TARGET_NAME);
	if (!map_has(&attached, subprogram)) {
		CLEAR(subprogram, RETAINED, FUNCTION_TEMPLATE);
		/* newer LLVMs want a function to have a type, be it empty */
		set_operand(subprogram, FUNCTION_TYPE, no_parameters);
		return;
	}
	if (kept == ONLY_BTF)
		CLEAR(subprogram, FUNCTION_TEMPLATE);
}

static void slim_composite(LLVMValueRef type)
{
	CLEAR(type, SCOPE, VTABLE, IDENTIFIER);
	if (!btf_has_members(type))
		CLEAR(type, ELEMENTS, TYPE_TEMPLATE);
	else if (kept == ONLY_BTF)
		CLEAR(type, TYPE_TEMPLATE);
}

/* BTF knows of no scopes; of functions that were inlined everywhere it takes but the lines. */
static void slim(LLVMValueRef node)
{
	switch (kind_of_node(node)) {
	case LLVMDIDerivedTypeMetadataKind:
		/* each change has LLVM look for an equal node; a member's scope is there anyway */
		if (tag_of(node) != TAG_MEMBER)
			CLEAR(node, SCOPE);
		break;
	case LLVMDICompositeTypeMetadataKind:
		slim_composite(node);
		break;
	case LLVMDISubprogramMetadataKind:
		slim_subprogram(node);
		break;
	case LLVMDIGlobalVariableMetadataKind:
		CLEAR(node, VARIABLE_SCOPE, STATIC_MEMBER);
		if (kept == ONLY_BTF)
			CLEAR(node, VARIABLE_TEMPLATE);
		break;
	case LLVMDICompileUnitMetadataKind:
		slim_unit(node);
		break;
	default:
		break;
	}
}

struct values units_of(LLVMModuleRef module)
{
	struct values units = {.count = LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu")};

	units.items = xcalloc(units.count + 1, sizeof *units.items);
	LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", units.items);
	return units;
}

void slim_unit(LLVMValueRef unit)
{
	CLEAR(unit, SPLIT_NAME, ENUMERATIONS, RETAINED_TYPES, GLOBALS, IMPORTED, MACROS);
}

/* Reaching */

void reach_operands(size_t first)
{
	for (size_t i = first; i < nodes.count; i++) {
		if (kept != EVERYTHING)
			slim(nodes.items[i]);
		struct values operands = operands_of(nodes.items[i]);
		for (size_t j = 0; j < operands.count; j++)
			add_node(operands.items[j]);
		free(operands.items);
	}
}

static LLVMValueRef type_of_variable(LLVMMetadataRef metadata)
{
	LLVMValueRef expression = value_of(metadata), variable;

	if (kind_of_node(expression) != LLVMDIGlobalVariableExpressionMetadataKind)
		return NULL;
	variable = operand(expression, VARIABLE_OF_EXPRESSION);
	return is_node(variable) ? operand(variable, VARIABLE_TYPE) : NULL;
}

/* Maps are found by their section. One that is only declared may have it elsewhere. */
static bool may_be_map(LLVMValueRef variable)
{
	const char *section = LLVMGetSection(variable);

	return section ? !strncmp(section, ".maps", 5) : LLVMIsDeclaration(variable);
}

/* What the arguments of the template at the index lead to. */
static void find_all_of_arguments(LLVMValueRef node, unsigned index)
{
	struct values arguments = list_at(node, index);

	for (size_t i = 0; i < arguments.count; i++)
		if (is_node(arguments.items[i]))
			btf_reaches_all(operand(arguments.items[i], ARGUMENT_TYPE));
	free(arguments.items);
}

static void find_types_of_function(struct function function)
{
	LLVMValueRef type = operand(function.subprogram, FUNCTION_TYPE);
	struct values retained = list_at(function.subprogram, RETAINED);

	btf_reaches(type);
	for (size_t i = 0; i < retained.count; i++)
		if (is_node(retained.items[i]))
			btf_reaches(operand(retained.items[i], VARIABLE_TYPE));
	free(retained.items);
	if (kept == TEMPLATES)
		btf_reaches_arguments(function.subprogram, FUNCTION_TEMPLATE);
	if (kept == TEMPLATES && map_has(&carriers, value_name(function.value)))
		find_all_of_arguments(function.subprogram, FUNCTION_TEMPLATE);
}

static void find_types_of_variable(LLVMValueRef variable, LLVMMetadataRef metadata)
{
	LLVMValueRef type = type_of_variable(metadata);

	if (may_be_map(variable))
		btf_reaches_map(type);
	else
		btf_reaches(type);
	if (kept != TEMPLATES || !type)
		return;
	btf_reaches_arguments(
	    operand(value_of(metadata), VARIABLE_OF_EXPRESSION), VARIABLE_TEMPLATE);
	if (!map_has(&carriers, value_name(variable)))
		return;
	if (kind_of_node(type) == LLVMDICompositeTypeMetadataKind)
		find_all_of_arguments(type, TYPE_TEMPLATE);
	else
		btf_reaches_all(type);
}

static void find_types(void)
{
	for (size_t i = 0; i < functions.count; i++)
		find_types_of_function(functions.items[i]);
	for (size_t i = 0; i < attachments.count; i++) {
		struct attachment attachment = attachments.items[i];
		if (LLVMIsAInstruction(attachment.value))
			continue;
		find_types_of_variable(attachment.value, attachment.metadata);
	}
	for (size_t i = 0; i < relocated.count; i++)
		btf_reaches(relocated.items[i]);
	btf_find_types(kept == TEMPLATES);
}

void reach_nodes(LLVMModuleRef module, enum detail detail)
{
	kept = detail;
	if (kept != EVERYTHING) {
		LLVMDIBuilderRef builder = LLVMCreateDIBuilder(module);
		no_parameters = value_of(
		    LLVMDIBuilderCreateSubroutineType(builder, NULL, NULL, 0, LLVMDIFlagZero));
		LLVMDisposeDIBuilder(builder);
	}
	for (size_t i = 0; i < functions.count; i++)
		retain_parameters(functions.items[i]);
	find_types();
	for (size_t i = 0; i < functions.count; i++)
		add_node(functions.items[i].subprogram);
	for (size_t i = 0; i < relocated.count; i++)
		add_node(relocated.items[i]);
	for (size_t i = 0; i < attachments.count; i++)
		add_node(value_of(attachments.items[i].metadata));
	reach_operands(0);
}

void put_back_attachments(void)
{
	unsigned dbg = metadata_kind("dbg");

	for (size_t i = 0; i < attachments.count; i++) {
		struct attachment *attachment = &attachments.items[i];
		if (LLVMIsAInstruction(attachment->value))
			LLVMInstructionSetDebugLoc(attachment->value, attachment->metadata);
		else
			LLVMGlobalSetMetadata(attachment->value, dbg, attachment->metadata);
	}
}
