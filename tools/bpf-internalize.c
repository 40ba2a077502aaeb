/* bpf-internalize: makes internal what need not stay visible, so that the optimizer may inline it,
 * specialize it, or drop it. */
#include "exports.h"
#include "message.h"
#include "module.h"
#include "options.h"
#include "used.h"
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static bool ignore_inline_never;

static const struct option_spec own_options[] = {
    {"ignore-inline-never", 0, OPTION_FLAG, &ignore_inline_never, NULL,
	"drop noinline (and optnone) from all functions"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-internalize",
    .operands = "[FILE]",
    .purpose =
	"Makes every definition of an LLVM module internal, except what is exported or marked as used.",
    .tables = (const struct option_spec *const[]){export_options, own_options, NULL},
    .most_operands = 1,
};

static bool stays_visible(LLVMValueRef definition)
{
	const char *name = value_name(definition);

	if (is_exported(name) || (keep_memory_builtins && is_memory_builtin(name)))
		return true;
	return !exports_given && LLVMGetVisibility(definition) != LLVMHiddenVisibility;
}

static bool is_local_or_special(LLVMValueRef global)
{
	switch (LLVMGetLinkage(global)) {
	case LLVMInternalLinkage:
	case LLVMPrivateLinkage:
	case LLVMAppendingLinkage:
	case LLVMAvailableExternallyLinkage:
		return true;
	default:
		return LLVMIsDeclaration(global) || !strncmp(value_name(global), "llvm.", 5);
	}
}

static void internalize(LLVMValueRef global, void *used)
{
	if (is_local_or_special(global) || used_has(used, global))
		return;
	if (stays_visible(global)) {
		/* bpf-codegen drops a memory builtin that nothing needs; not one asked for by name
		 */
		if (is_memory_builtin(value_name(global)) && is_exported(value_name(global)))
			used_add(used, global);
		return;
	}
	if (LLVMIsAGlobalObject(global))
		LLVMSetComdat(global, NULL);
	LLVMSetVisibility(global, LLVMDefaultVisibility);
	LLVMSetLinkage(global, LLVMInternalLinkage);
}

static void allow_inlining(LLVMModuleRef module)
{
	static const char *const names[] = {"noinline", "optnone"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned kind = LLVMGetEnumAttributeKindForName(names[i], strlen(names[i]));
		for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
		    function = LLVMGetNextFunction(function))
			LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
	}
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);

	LLVMModuleRef module = module_parse(
	    module_context(), input_read(operands.count ? operands.items[0].text : NULL));
	/* after the input: bpf-merge may have failed on the same file */
	exports_read();
	struct used *used = used_read(module);
	module_each_global(module, internalize, used);
	used_write(used);
	if (ignore_inline_never)
		allow_inlining(module);
	module_finish(module, output);
}
