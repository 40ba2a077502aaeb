#include "memory-builtins.h"
#include "exports.h"
#include "memory-intrinsics.h"
#include "message.h"
#include "module.h"
#include "used.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Linker.h>
#include <string.h>

/* The text of memory-builtins.ll. */
extern const char memory_builtins_ir[];

static bool is_needed(LLVMModuleRef module, const char *name)
{
	LLVMValueRef function = LLVMGetNamedFunction(module, name);
	const char *builtin;

	if (function && LLVMGetFirstUse(function))
		return true;
	for (function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		builtin = memory_intrinsic_calls(function);
		if (builtin && !strcmp(builtin, name))
			return true;
	}
	return false;
}

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

static void define(LLVMModuleRef module, const bool *missing)
{
	struct input text = {"<memory builtins>", (const unsigned char *)memory_builtins_ir,
	    strlen(memory_builtins_ir)};
	LLVMModuleRef ours = module_parse(LLVMGetModuleContext(module), text);

	if (!LLVMGetNamedMetadata(module, "llvm.dbg.cu", strlen("llvm.dbg.cu")))
		LLVMStripModuleDebugInfo(ours);
	LLVMSetTarget(ours, LLVMGetTarget(module));
	LLVMSetDataLayout(ours, LLVMGetDataLayoutStr(module));
	for (size_t i = 0; memory_builtins[i]; i++)
		if (!missing[i])
			LLVMDeleteFunction(LLVMGetNamedFunction(ours, memory_builtins[i]));
	if (LLVMLinkModules2(module, ours))
		fail("%s: cannot be linked with the memory builtins", message_subject);
	for (size_t i = 0; memory_builtins[i]; i++) {
		if (!missing[i])
			continue;
		LLVMValueRef builtin = LLVMGetNamedFunction(module, memory_builtins[i]);
		replace_result(builtin);
		LLVMSetLinkage(builtin, LLVMInternalLinkage);
		LLVMSetVisibility(builtin, LLVMDefaultVisibility);
	}
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

void memory_builtins_settle(LLVMModuleRef module)
{
	const char *subject = message_subject;
	struct used *used = used_read(module);
	bool missing[8] = {false}, any_missing = false;

	memory_intrinsics_expand(module);
	while (drop_unneeded(module, used)) /* which may have needed another */
		;
	for (size_t i = 0; memory_builtins[i]; i++) {
		LLVMValueRef builtin = LLVMGetNamedFunction(module, memory_builtins[i]);
		missing[i] = (!builtin || LLVMIsDeclaration(builtin)) &&
			     is_needed(module, memory_builtins[i]);
		any_missing |= missing[i];
	}
	if (any_missing)
		define(module, missing);
	message_subject = subject;
}
