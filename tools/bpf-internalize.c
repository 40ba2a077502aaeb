/* bpf-internalize: makes internal what need not stay visible, so that the optimizer may inline it,
 * specialize it, or drop it. */
#include "exports.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "options.h"
#include "origin.h"
#include "used.h"
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static bool ignore_inline_never;
static bool changed;

static const struct option_spec own_options[] = {
    {"ignore-inline-never", 0, OPTION_FLAG, &ignore_inline_never, NULL,
	"drop noinline (and optnone) from all functions and calls"},
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

static bool is_function(LLVMValueRef global)
{
	return LLVMGetTypeKind(LLVMGlobalGetValueType(global)) == LLVMFunctionTypeKind;
}

static bool stays_visible(LLVMValueRef definition)
{
	const char *name = value_name(definition);

	if (is_exported(name) || (keep_memory_builtins && is_memory_builtin(name)))
		return true;
	/* hidden variables are hidden from other objects, not from user space */
	return !exports_given &&
	       (LLVMGetVisibility(definition) != LLVMHiddenVisibility || !is_function(definition));
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
		if (is_memory_builtin(value_name(global)) && is_exported(value_name(global))) {
			used_add(used, global);
			changed = true;
		}
		return;
	}
	changed = true;
	if (LLVMIsAGlobalObject(global))
		LLVMSetComdat(global, NULL);
	LLVMSetVisibility(global, LLVMDefaultVisibility);
	LLVMSetLinkage(global, LLVMInternalLinkage);
}

/* A program exported under another name, as Zig does: loaders take the symbol in its section for
 * the program, which is to be the visible one. */
static void replace_by_aliasee(LLVMValueRef alias, void *unused)
{
	(void)unused;
	if (!LLVMIsAGlobalAlias(alias) || is_local_or_special(alias))
		return;
	LLVMValueRef function = LLVMAliasGetAliasee(alias);
	if (!LLVMIsAFunction(function) || LLVMGetLinkage(function) != LLVMInternalLinkage ||
	    !LLVMGetSection(function))
		return;
	char *name = xasprintf("%s", value_name(alias));
	changed = true;
	LLVMSetLinkage(function, LLVMGetLinkage(alias));
	LLVMSetVisibility(function, LLVMGetVisibility(alias));
	LLVMReplaceAllUsesWith(alias, function);
	/* LLVM-C cannot delete it; this becomes no symbol */
	LLVMSetValueName2(alias, "", 0);
	LLVMSetLinkage(alias, LLVMPrivateLinkage);
	LLVMSetVisibility(alias, LLVMDefaultVisibility);
	LLVMSetValueName2(function, name, strlen(name));
	free(name);
}

/* Calls say noinline too, as rustc's do of a function that is. */
static void allow_inlining_into(LLVMValueRef function, unsigned noinline)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (LLVMIsACallInst(instruction))
				LLVMRemoveCallSiteEnumAttribute(
				    instruction, LLVMAttributeFunctionIndex, noinline);
}

/* What its compiler has optimized is to be optimized again, with what may be inlined now. */
static void allow_inlining(LLVMModuleRef module)
{
	unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
	unsigned optnone = LLVMGetEnumAttributeKindForName("optnone", strlen("optnone"));

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		origin_set_changed(function);
		LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, noinline);
		LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, optnone);
		allow_inlining_into(function, noinline);
	}
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);

	module_always_verifies = true;
	struct input input = input_read(operands.count ? operands.items[0].text : NULL);
	LLVMModuleRef module = module_parse(module_context(), input);
	/* after the input: bpf-merge may have failed on the same file */
	exports_read();
	struct used *used = used_read(module);
	module_each_global(module, internalize, used);
	used_write(used);
	module_each_global(module, replace_by_aliasee, NULL);
	if (ignore_inline_never)
		allow_inlining(module);
	else if (!changed)
		module_finish_unchanged(module, input, output);
	module_finish(module, output);
}
