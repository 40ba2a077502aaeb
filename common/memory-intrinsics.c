#include "memory-intrinsics.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <string.h>

const char *const memory_builtins[] = {"memcpy", "memmove", "memset", "memcmp", "bcmp", NULL};

bool is_memory_builtin(const char *name)
{
	for (const char *const *builtin = memory_builtins; *builtin; builtin++)
		if (!strcmp(name, *builtin))
			return true;
	return false;
}

/* An intrinsic has its builtin's name in its own, and the types of its pointers: llvm.memcpy.p0.p0.
 */
const char *memory_intrinsic_builtin(LLVMValueRef function)
{
	static const char prefix[] = "llvm.", suffix[] = ".p";
	const char *name = value_name(function);

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return NULL;
	name += strlen(prefix);
	for (const char *const *builtin = memory_builtins; *builtin; builtin++) {
		size_t length = strlen(*builtin);
		if (!strncmp(name, *builtin, length) &&
		    !strncmp(name + length, suffix, strlen(suffix)))
			return *builtin;
	}
	return NULL;
}

bool memory_intrinsic_sets(LLVMValueRef call)
{
	return LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(call, 1))) == LLVMIntegerTypeKind;
}

uint64_t memory_intrinsic_alignment(LLVMValueRef call, unsigned argument)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("align", strlen("align"));
	LLVMAttributeRef attribute = LLVMGetCallSiteEnumAttribute(call, argument + 1, kind);

	uint64_t alignment = attribute ? LLVMGetEnumAttributeValue(attribute) : 0;

	return alignment ? alignment : 1;
}

unsigned memory_intrinsic_width(LLVMValueRef call)
{
	uint64_t width = memory_intrinsic_alignment(call, 0), from;

	if (!memory_intrinsic_sets(call)) {
		from = memory_intrinsic_alignment(call, 1);
		width = from < width ? from : width;
	}
	return width > 8 ? 8 : width;
}

uint64_t memory_intrinsic_stores(LLVMValueRef call)
{
	LLVMValueRef size = LLVMGetOperand(call, 2);
	unsigned width = memory_intrinsic_width(call);

	if (!LLVMIsAConstantInt(size))
		return UINT64_MAX;
	return LLVMConstIntGetZExtValue(size) / width +
	       (LLVMConstIntGetZExtValue(size) % width != 0);
}

static bool is_call_of(LLVMValueRef user, LLVMValueRef function)
{
	return LLVMIsACallInst(user) && LLVMGetCalledValue(user) == function;
}

const char *memory_intrinsic_calls(LLVMValueRef function)
{
	const char *builtin = memory_intrinsic_builtin(function);
	/* what is no word in the end may take two stores more */
	uint64_t most = (builtin && !strcmp(builtin, "memmove") ? MOST_MOVES : MOST_STORES) - 2;

	if (!builtin)
		return NULL;
	for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use))
		if (is_call_of(LLVMGetUser(use), function) &&
		    memory_intrinsic_stores(LLVMGetUser(use)) > most)
			return builtin;
	return NULL;
}
