#include "memory-intrinsics.h"
#include "exports.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <string.h>

/* The largest size of which code generation always makes loads and stores: a store for each byte.
 */
enum { MOST_STORES = 128 };

/* The builtin that the intrinsic may end in, or NULL. */
static const char *builtin_of_intrinsic(LLVMValueRef intrinsic)
{
	static const char *const prefixes[] = {"llvm.memcpy.p", "llvm.memmove.p", "llvm.memset.p"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncmp(value_name(intrinsic), prefixes[i], strlen(prefixes[i])))
			return memory_builtins[i];
	return NULL;
}

static bool may_become_call(LLVMValueRef intrinsic)
{
	for (LLVMUseRef use = LLVMGetFirstUse(intrinsic); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef size = LLVMGetOperand(LLVMGetUser(use), 2);
		if (!LLVMIsAConstantInt(size) || LLVMConstIntGetZExtValue(size) > MOST_STORES)
			return true;
	}
	return false;
}

bool memory_intrinsic_calls(LLVMModuleRef module, const char *name)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		const char *ends_in = builtin_of_intrinsic(function);
		if (ends_in && !strcmp(ends_in, name) && may_become_call(function))
			return true;
	}
	return false;
}
