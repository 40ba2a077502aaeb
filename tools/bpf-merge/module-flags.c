/* Module flags that clang has for other targets, or other linkers. Where modules differ in one,
 * LLVM's linker fails, though none of these says anything of BPF's code.
 * https://llvm.org/docs/LangRef.html#module-flags-metadata */
#include "linker.h"
#include "metadata.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum { BEHAVIOR = 0, KEY = 1, VALUE = 2 }; /* operands of a flag */
enum { MAX = 7 };                          /* the behavior by which the larger value prevails */

static const char *const indifferent[] = {
    "EnableSplitLTOUnit", "ThinLTO", "UnifiedLTO", "wchar_size", "min_enum_size"};

/* The module's flags, which no one has checked yet; to be freed. */
static struct values flags_of(const struct module *module)
{
	static const char name[] = "llvm.module.flags";
	struct values flags = {NULL, 0, 0};

	if (!module->takes_part)
		return flags;
	array_reserve(&flags, LLVMGetNamedMetadataNumOperands(module->ir, name) + 1);
	flags.count = LLVMGetNamedMetadataNumOperands(module->ir, name);
	LLVMGetNamedMetadataOperands(module->ir, name, flags.items);
	return flags;
}

/* NULL where the module has none of the key. */
static LLVMValueRef find_flag(const struct module *module, const char *key)
{
	struct values flags = flags_of(module);
	LLVMValueRef found = NULL;

	for (size_t i = 0; i < flags.count && !found; i++) {
		LLVMValueRef name = operand(flags.items[i], KEY);
		unsigned length;
		const char *text = name ? LLVMGetMDString(name, &length) : NULL;
		if (text && !strcmp(text, key))
			found = flags.items[i];
	}
	free(flags.items);
	return found;
}

static bool differ(const struct linker *linker, const char *key)
{
	LLVMValueRef first = NULL;

	for (size_t i = 0; i < linker->module_count; i++) {
		LLVMValueRef flag = find_flag(&linker->modules[i], key);
		LLVMValueRef value = flag ? operand(flag, VALUE) : NULL;
		if (first && value && first != value)
			return true;
		first = first ? first : value;
	}
	return false;
}

void reconcile_module_flags(struct linker *linker)
{
	LLVMMetadataRef max =
	    LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(linker->context), MAX, false));

	for (size_t k = 0; k < sizeof indifferent / sizeof *indifferent; k++) {
		if (!differ(linker, indifferent[k]))
			continue;
		for (size_t i = 0; i < linker->module_count; i++) {
			LLVMValueRef flag = find_flag(&linker->modules[i], indifferent[k]);
			if (flag)
				LLVMReplaceMDNodeOperandWith(flag, BEHAVIOR, max);
		}
	}
}
