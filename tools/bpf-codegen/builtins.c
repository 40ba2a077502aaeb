#include "builtins.h"
#include "array.h"
#include "memory-expand.h"
#include "memory-intrinsics.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "string-builtins.h"
#include "used.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Linker.h>
#include <stdlib.h>
#include <string.h>

/* The text of the files of IR. */
extern const char memory_builtins_ir[], string_builtins_ir[];

struct names {
	ARRAY(const char *);
};

/* Whoever uses what ours would return uses the first argument, which is the same. */
static void replace_result(LLVMValueRef builtin)
{
	if (LLVMGetTypeKind(LLVMGetReturnType(LLVMGlobalGetValueType(builtin))) !=
	    LLVMPointerTypeKind)
		return;
	for (LLVMUseRef use = LLVMGetFirstUse(builtin); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		if (LLVMIsACallInst(call) && LLVMGetCalledValue(call) == builtin &&
		    LLVMTypeOf(call) == LLVMTypeOf(LLVMGetOperand(call, 0)))
			LLVMReplaceAllUsesWith(call, LLVMGetOperand(call, 0));
	}
}

/* Ours, with debug info of the kind; NULL where there is none. */
static LLVMModuleRef parse(LLVMContextRef context, const char *ir, const char *emission_kind)
{
	static const char full[] = "emissionKind: FullDebug";
	const char *found = strstr(ir, full);
	char *text = xasprintf("%.*semissionKind: %s%s", (int)(found - ir), ir,
	    emission_kind ? emission_kind : "NoDebug", found + strlen(full));
	struct input input = {"<builtins>", (const unsigned char *)text, strlen(text)};
	LLVMModuleRef module = module_parse(context, input);

	if (!emission_kind)
		LLVMStripModuleDebugInfo(module);
	free(text);
	return module;
}

static bool is_among(const char *name, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(name, names->items[i]))
			return true;
	return false;
}

/* Defines, as internal functions, those of the IR in text that names has, in the order of that IR.
 * A call of one that returns a pointer gets its own first argument for it. The module may declare
 * them. */
static void define(
    LLVMModuleRef module, const char *text, const struct names *names, const char *emission_kind)
{
	const char *subject = message_subject;
	LLVMModuleRef ours = parse(LLVMGetModuleContext(module), text, emission_kind);

	LLVMSetTarget(ours, LLVMGetTarget(module));
	LLVMSetDataLayout(ours, LLVMGetDataLayoutStr(module));
	for (LLVMValueRef builtin = LLVMGetFirstFunction(ours), next; builtin; builtin = next) {
		next = LLVMGetNextFunction(builtin);
		if (!is_among(value_name(builtin), names))
			LLVMDeleteFunction(builtin);
	}
	message_subject = subject;
	if (LLVMLinkModules2(module, ours))
		fail("%s: cannot be linked with its builtins", message_subject);
	for (size_t i = 0; i < names->count; i++) {
		LLVMValueRef builtin = LLVMGetNamedFunction(module, names->items[i]);
		replace_result(builtin);
		LLVMSetLinkage(builtin, LLVMInternalLinkage);
		LLVMSetVisibility(builtin, LLVMDefaultVisibility);
	}
}

static bool is_needed(LLVMModuleRef module, const char *name)
{
	LLVMValueRef function = LLVMGetNamedFunction(module, name);
	const char *builtin;

	if (function && LLVMGetFirstUse(function))
		return true;
	for (function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		builtin = memory_intrinsic_builtin(function);
		if (builtin && !strcmp(builtin, name) && memory_expand_left_call(function))
			return true;
	}
	return false;
}

static bool drop_unneeded(LLVMModuleRef module, const struct used *used)
{
	bool dropped = false;

	for (size_t i = 0; memory_builtins[i]; i++) {
		LLVMValueRef builtin = LLVMGetNamedFunction(module, memory_builtins[i]);
		if (!builtin || LLVMIsDeclaration(builtin) || used_has(used, builtin) ||
		    is_needed(module, memory_builtins[i]))
			continue;
		LLVMDeleteFunction(builtin);
		dropped = true;
	}
	return dropped;
}

/* Drops those of the module's own that nothing needs, and brings those that it lacks. */
static void materialize_memory(LLVMModuleRef module, const char *emission_kind)
{
	struct used *used = used_read(module);
	struct names missing = {NULL};

	while (drop_unneeded(module, used)) /* which may have needed another */
		;
	for (size_t i = 0; memory_builtins[i]; i++) {
		LLVMValueRef builtin = LLVMGetNamedFunction(module, memory_builtins[i]);
		if ((!builtin || LLVMIsDeclaration(builtin)) &&
		    is_needed(module, memory_builtins[i]))
			array_add(&missing, memory_builtins[i]);
	}
	if (missing.count)
		define(module, memory_builtins_ir, &missing, emission_kind);
	free(missing.items);
}

static bool is_pointer(LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

/* A call of ours, which returns an offset, and the pointer that it stands for. */
static LLVMValueRef build_pointer(LLVMBuilderRef builder, LLVMValueRef call, LLVMValueRef builtin)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(builtin), types[3];
	LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetValueContext(call));
	LLVMValueRef arguments[3], offset, pointer, none;
	unsigned count = LLVMCountParamTypes(type);

	LLVMGetParamTypes(type, types);
	for (unsigned i = 0; i < count; i++) {
		arguments[i] = LLVMGetOperand(call, i);
		if (!is_pointer(types[i]))
			arguments[i] =
			    LLVMBuildIntCast2(builder, arguments[i], types[i], false, "");
	}
	offset = LLVMBuildCall2(builder, type, builtin, arguments, count, "");
	pointer = LLVMBuildGEP2(builder, byte, arguments[0], &offset, 1, "");
	if (!strcmp(value_name(builtin), "stpcpy"))
		return pointer;
	none = LLVMBuildICmp(builder, LLVMIntEQ, offset, LLVMConstAllOnes(LLVMTypeOf(offset)), "");
	return LLVMBuildSelect(builder, none, LLVMConstNull(LLVMTypeOf(pointer)), pointer, "");
}

static bool wants_pointer(LLVMValueRef call, LLVMValueRef builtin)
{
	return LLVMIsACallInst(call) && LLVMGetCalledValue(call) == builtin &&
	       is_pointer(LLVMTypeOf(call)) &&
	       LLVMGetNumArgOperands(call) == LLVMCountParams(builtin);
}

/* The builtin's calls that want a pointer, where it returns an offset. */
static void replace_calls(LLVMValueRef builtin)
{
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetValueContext(builtin));
	LLVMUseRef next;

	for (LLVMUseRef use = LLVMGetFirstUse(builtin); use; use = next) {
		LLVMValueRef call = LLVMGetUser(use);
		next = LLVMGetNextUse(use);
		if (!wants_pointer(call, builtin))
			continue;
		LLVMPositionBuilderBefore(builder, call);
		LLVMSetCurrentDebugLocation2(builder, LLVMInstructionGetDebugLoc(call));
		LLVMReplaceAllUsesWith(call, build_pointer(builder, call, builtin));
		LLVMInstructionEraseFromParent(call);
	}
	LLVMDisposeBuilder(builder);
}

static void materialize_strings(LLVMModuleRef module, const char *emission_kind)
{
	struct names missing = {NULL};

	for (size_t i = 0; string_builtins[i].name; i++) {
		LLVMValueRef function = LLVMGetNamedFunction(module, string_builtins[i].name);
		if (function && LLVMIsDeclaration(function) && LLVMGetFirstUse(function) &&
		    is_string_builtin(function))
			array_add(&missing, string_builtins[i].name);
	}
	if (missing.count)
		define(module, string_builtins_ir, &missing, emission_kind);
	for (size_t i = 0; i < missing.count; i++) {
		LLVMValueRef builtin = LLVMGetNamedFunction(module, missing.items[i]);
		if (!is_pointer(LLVMGetReturnType(LLVMGlobalGetValueType(builtin))))
			replace_calls(builtin);
	}
	free(missing.items);
}

void builtins_materialize(LLVMModuleRef module, const char *emission_kind)
{
	materialize_memory(module, emission_kind);
	materialize_strings(module, emission_kind);
}
