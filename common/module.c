#include "module.h"
#include "core-marker.h"
#include "crash.h"
#include "kind.h"
#include "libllvm.h"
#include "resource-limits.h"
#include "memory.h"
#include "message.h"
#include "options.h"
#include "origin.h"
#include "reserved.h"
#include "use-order.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool fatal_errors = true;
bool module_always_verifies;
bool module_needs_core;

/* What the next stage would parse; NULL once it has. */
static LLVMModuleRef handed_on;

LLVMContextRef module_context(void)
{
	if (handed_on)
		return LLVMGetModuleContext(handed_on);
	LLVMContextRef context = LLVMContextCreate();
	LLVMContextSetDiagnosticHandler(context, diagnostic_take, NULL);
	return context;
}

void module_check_errors(void)
{
	if (diagnostic_any_error() && fatal_errors)
		fail_silently(1);
}

/* What could not be read has been reported through the context, except when LLVM says nothing. */
static _Noreturn void fail_to_read(const char *name, char *reason)
{
	if (diagnostic_wants_other_llvm())
		fail_silently(STATUS_UNREADABLE);
	if (reason && *reason) {
		for (size_t end = strlen(reason); end && isspace((unsigned char)reason[end - 1]);)
			reason[--end] = '\0';
		fail("%s: %s (read by LLVM %s)", name, reason, libllvm_version());
	}
	if (!diagnostic_any_error())
		fail("%s: cannot be read as LLVM bitcode%s", name, diagnostic_blame(name));
	fail_silently(1);
}

static LLVMModuleRef parse_ir(LLVMContextRef context, struct input input)
{
	char *reason = NULL;
	LLVMModuleRef module;
	LLVMMemoryBufferRef buffer = xchecked(LLVMCreateMemoryBufferWithMemoryRangeCopy(
	    (const char *)input.data, input.size, input.name));

	if (LLVMParseIRInContext(context, buffer, &module, &reason))
		fail_to_read(input.name, reason);
	return module;
}

static LLVMMemoryBufferRef wrap(struct input input)
{
	return xchecked(LLVMCreateMemoryBufferWithMemoryRange(
	    (const char *)input.data, input.size, input.name, false));
}

static LLVMModuleRef read_module(LLVMContextRef context, struct input input,
    LLVMBool (*read_bitcode)(LLVMContextRef, LLVMMemoryBufferRef, LLVMModuleRef *))
{
	LLVMModuleRef module;

	message_subject = input.name;
	diagnostic_start_reading(&input);
	crash_is_reading = true;
	switch (kind_of(input.data, input.size)) {
	case KIND_BITCODE:
		if (read_bitcode(context, wrap(input), &module))
			fail_to_read(input.name, NULL);
		break;
	case KIND_IR:
		module = parse_ir(context, input);
		break;
	case KIND_STREAM:
		fail("%s: is a stream of modules, not one; bpf-merge makes one of it", input.name);
	default:
		fail(
		    "%s: is neither LLVM bitcode nor textual IR%s", input.name, input_blame(input));
	}
	diagnostic_end_reading();
	crash_is_reading = false;
	message_subject = NULL;
	return module;
}

/* Passes crash or never end on invalid IR, which bitcode may well hold. */
static void verify(LLVMModuleRef module, const char *name)
{
	char *reason;

	if (pipeline_has_driver() && !module_always_verifies)
		return;
	crash_is_reading = true;
	if (LLVMVerifyModule(module, LLVMReturnStatusAction, &reason))
		fail("%s: is not valid LLVM IR: %s", name, reason);
	crash_is_reading = false;
	LLVMDisposeMessage(reason);
}

/* The module that module_parse has read, or was handed. */
static LLVMModuleRef parsed;
static bool was_handed_on;

/* That of all functions, where there is but one; and else, `a.bc and others`. */
static const char *input_of_parsed(void)
{
	const char *first = NULL;

	for (LLVMValueRef function = LLVMGetFirstFunction(parsed); function;
	    function = LLVMGetNextFunction(function)) {
		const char *input = origin_input(function);
		if (!*input)
			continue;
		if (first && strcmp(input, first))
			return xasprintf("%s and others", first);
		first = input;
	}
	return first;
}

static const char *input_of(const char *name)
{
	LLVMValueRef function = name ? LLVMGetNamedFunction(parsed, name) : NULL;

	return function && *origin_input(function) ? origin_input(function) : input_of_parsed();
}

LLVMModuleRef module_parse(LLVMContextRef context, struct input input)
{
	size_t size;
	LLVMModuleRef module = handed_on;

	was_handed_on = module && input.data == pipeline_received(&size);
	if (!was_handed_on) {
		module = read_module(context, input, LLVMParseBitcodeInContext2);
		module_check_names(module, input.name);
	} else /* as if it was read here */
		LLVMSetModuleIdentifier(module, input.name, strlen(input.name));
	handed_on = NULL;
	message_subject = input.name;
	verify(module, input.name);
	limits_lift();
	parsed = module;
	crash_input_of = input_of;
	return module;
}

LLVMModuleRef module_open(LLVMContextRef context, struct input input)
{
	return read_module(context, input, LLVMGetBitcodeModuleInContext2);
}

LLVMValueRef module_find_global(LLVMModuleRef module, const char *name)
{
	LLVMValueRef global = LLVMGetNamedFunction(module, name);

	if (!global)
		global = LLVMGetNamedGlobal(module, name);
	if (!global)
		global = LLVMGetNamedGlobalAlias(module, name, strlen(name));
	if (!global)
		global = LLVMGetNamedGlobalIFunc(module, name, strlen(name));
	return global;
}

static _Noreturn void fail_of_name(const char *name, const char *input)
{
	fail("%s: symbol '%s' is reserved", input, name);
}

/* As noreturn.c makes and calls it. */
static bool is_end(LLVMValueRef end)
{
	if (!LLVMIsAFunction(end) || !LLVMIsDeclaration(end))
		return false;
	LLVMTypeRef type = LLVMGlobalGetValueType(end);
	if (LLVMGetTypeKind(LLVMGetReturnType(type)) != LLVMVoidTypeKind ||
	    LLVMCountParamTypes(type) || LLVMIsFunctionVarArg(type))
		return false;
	for (LLVMUseRef use = LLVMGetFirstUse(end); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		if (!LLVMIsACallInst(call) || LLVMGetCalledValue(call) != end ||
		    LLVMGetCalledFunctionType(call) != type || LLVMGetNumOperands(call) != 1)
			return false;
	}
	return true;
}

/* As notes.c makes it. */
static bool is_note(LLVMValueRef notes)
{
	LLVMValueRef text = LLVMIsAGlobalVariable(notes) ? LLVMGetInitializer(notes) : NULL;

	return text && LLVMIsConstantString(text) && !LLVMGetFirstUse(notes);
}

void module_check_names(LLVMModuleRef module, const char *input)
{
	LLVMValueRef end = module_find_global(module, NORETURN_END_NAME);
	LLVMValueRef notes = module_find_global(module, NOTES_NAME);

	if (end && !is_end(end))
		fail_of_name(NORETURN_END_NAME, input);
	if (notes && !is_note(notes))
		fail_of_name(NOTES_NAME, input);
	if (module_find_global(module, ORDER_NAME))
		fail_of_name(ORDER_NAME, input);
}

void module_each_global(
    LLVMModuleRef module, void (*visit)(LLVMValueRef global, void *data), void *data)
{
	LLVMValueRef (*const first[])(LLVMModuleRef) = {LLVMGetFirstFunction, LLVMGetFirstGlobal,
	    LLVMGetFirstGlobalAlias, LLVMGetFirstGlobalIFunc};
	LLVMValueRef (*const following[])(LLVMValueRef) = {
	    LLVMGetNextFunction, LLVMGetNextGlobal, LLVMGetNextGlobalAlias, LLVMGetNextGlobalIFunc};

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		for (LLVMValueRef global = first[i](module), next; global; global = next) {
			next = following[i](global);
			visit(global, data);
		}
}

/* Module assembly is parsed for the symbols in it, and may have errors. */
static LLVMMemoryBufferRef write_bitcode(LLVMModuleRef module)
{
	LLVMMemoryBufferRef buffer = xchecked(LLVMWriteBitcodeToMemoryBuffer(module));

	module_check_errors();
	return buffer;
}

void module_write(LLVMModuleRef module, struct output *output)
{
	LLVMMemoryBufferRef buffer = write_bitcode(module);

	output_write(output, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
	LLVMDisposeMemoryBuffer(buffer);
}

void module_print(LLVMModuleRef module, struct output *output)
{
	static const char identifier[] = "bpf-linker";

	/* or it would say how the module came to this stage */
	LLVMSetModuleIdentifier(module, identifier, strlen(identifier));
	char *text = xchecked(LLVMPrintModuleToString(module));

	output_write(output, text, strlen(text));
	LLVMDisposeMessage(text);
}

void module_dump(LLVMModuleRef module, const char *path)
{
	struct output *output = output_open(path, false);

	module_print(module, output);
	output_commit(output);
}

static void check_before_end(LLVMModuleRef module)
{
	module_check_errors();
	module_needs_core = pipeline_has_next_stage() && has_core_markers(module);
}

static const void *serialize(size_t *size)
{
	LLVMModuleRef module = handed_on ? handed_on : parsed;
	LLVMMemoryBufferRef buffer = write_bitcode(module);

	*size = LLVMGetBufferSize(buffer);
	return LLVMGetBufferStart(buffer);
}

static bool any_core_intrinsic(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (origin_is_core_intrinsic(function))
			return true;
	return false;
}

static void check_order(LLVMValueRef global, void *restorable)
{
	*(bool *)restorable = *(bool *)restorable && use_order_is_restorable(global);
}

static bool restore_order(LLVMModuleRef module)
{
	bool restorable = true;

	module_each_global(module, check_order, &restorable);
	if (restorable)
		use_order_as_read(module);
	return restorable;
}

LLVMModuleRef module_read_anew(LLVMModuleRef module, bool only_order_matters)
{
	if (!was_handed_on)
		return module;
	if (only_order_matters && restore_order(module))
		return module;
	/* LLVM lowers these in the order of their addresses */
	if (any_core_intrinsic(module))
		pipeline_start_afresh();
	struct input input = {.name = message_subject};
	if (pipeline_received_in_memory())
		input.data = serialize(&input.size);
	else
		input.data = pipeline_received(&input.size);
	parsed = read_module(module_context(), input, LLVMParseBitcodeInContext2);
	message_subject = input.name;
	return parsed;
}

void module_finish(LLVMModuleRef module, struct output *output)
{
	check_before_end(module);
	if (tool_hands_on_in_memory()) {
		handed_on = module;
		pipeline_hand_on_in_memory(serialize);
	} else {
		module_write(module, output);
		output_commit(output);
	}
	tool_finish();
}

void module_finish_to_generate(LLVMModuleRef module, struct output *output)
{
	if (tool_hands_on_in_memory())
		use_order_as_read(module);
	module_finish(module, output);
}

void module_finish_unchanged(LLVMModuleRef module, struct input input, struct output *output)
{
	if (kind_of(input.data, input.size) != KIND_BITCODE || pipeline_received_in_memory())
		module_finish(module, output);
	check_before_end(module);
	if (pipeline_has_next_stage())
		handed_on = module;
	output_write(output, input.data, input.size);
	output_commit(output);
	tool_finish();
}

void module_reset(void)
{
	parsed = NULL;
	module_always_verifies = false;
}
