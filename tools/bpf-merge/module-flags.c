/* Module flags that clang has for other targets, or other linkers. Where modules differ in one,
 * LLVM's linker fails, though none of these says anything of BPF's code.
 * https://llvm.org/docs/LangRef.html#module-flags-metadata */
#include "linker.h"
#include "metadata.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum { BEHAVIOR = 0, KEY = 1 }; /* operands of a flag */
enum { MAX = 7 };               /* the behavior by which the larger value prevails */

static const char *const indifferent[] = {
    "EnableSplitLTOUnit", "ThinLTO", "UnifiedLTO", "wchar_size", "min_enum_size"};

static LLVMMetadataRef value_of_flag(const struct module *module, const char *key)
{
	return module->takes_part ? LLVMGetModuleFlag(module->ir, key, strlen(key)) : NULL;
}

static bool differ(const struct linker *linker, const char *key)
{
	LLVMMetadataRef first = NULL;

	for (size_t i = 0; i < linker->module_count; i++) {
		LLVMMetadataRef value = value_of_flag(&linker->modules[i], key);
		if (first && value && first != value)
			return true;
		first = first ? first : value;
	}
	return false;
}

static void let_larger_prevail(const struct module *module, const char *key)
{
	static const char flags[] = "llvm.module.flags";
	LLVMValueRef behavior =
	    LLVMConstInt(LLVMInt32TypeInContext(module->linker->context), MAX, false);
	struct values nodes = {0};

	nodes.count = LLVMGetNamedMetadataNumOperands(module->ir, flags);
	array_reserve(&nodes, 1);
	LLVMGetNamedMetadataOperands(module->ir, flags, nodes.items);
	for (size_t i = 0; i < nodes.count; i++) {
		LLVMValueRef name = operand(nodes.items[i], KEY);
		unsigned length;
		const char *text = name ? LLVMGetMDString(name, &length) : NULL;
		if (text && length == strlen(key) && !memcmp(text, key, length))
			LLVMReplaceMDNodeOperandWith(
			    nodes.items[i], BEHAVIOR, LLVMValueAsMetadata(behavior));
	}
	free(nodes.items);
}

void reconcile_module_flags(struct linker *linker)
{
	for (size_t k = 0; k < sizeof indifferent / sizeof *indifferent; k++) {
		if (!differ(linker, indifferent[k]))
			continue;
		for (size_t i = 0; i < linker->module_count; i++)
			if (value_of_flag(&linker->modules[i], indifferent[k]))
				let_larger_prevail(&linker->modules[i], indifferent[k]);
	}
}
