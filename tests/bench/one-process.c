/* one-process: what the pipeline does, in one process and eagerly: the measure for what it costs to
 * have several. Made of the same parts and the same libraries; for `make bench` alone. Given
 * a merged module it only optimizes and generates code: the least that any linker does. */
#include "exports.h"
#include "message.h"
#include "module.h"
#include "options.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <string.h>

static bool keep_debug;

static const struct option_spec own_options[] = {
    {"btf", 0, OPTION_FLAG, &keep_debug, NULL, "keep debug info"},
    {NULL},
};

static const struct tool tool = {
    .name = "one-process",
    .operands = "FILE...",
    .purpose = "Links bitcode files in one process.",
    .tables = (const struct option_spec *const[]){export_options, own_options, target_options,
	llvm_options, NULL},
    .most_operands = -1,
};

static void internalize(LLVMValueRef global, void *unused)
{
	(void)unused;
	if (LLVMIsDeclaration(global) || LLVMGetLinkage(global) == LLVMAppendingLinkage ||
	    LLVMGetSection(global) || is_exported(value_name(global)))
		return;
	LLVMSetLinkage(global, LLVMInternalLinkage);
	LLVMSetVisibility(global, LLVMDefaultVisibility);
}

/* Each C file's license would be a duplicate for LLVM's linker. */
static void weaken_license(LLVMValueRef global, void *unused)
{
	const char *section = LLVMIsDeclaration(global) ? NULL : LLVMGetSection(global);

	(void)unused;
	if (section && !strcmp(section, "license"))
		LLVMSetLinkage(global, LLVMWeakAnyLinkage);
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);
	LLVMContextRef context = module_context();
	LLVMModuleRef module = NULL, next;
	LLVMMemoryBufferRef buffer;
	char *reason;

	target_start(false);
	exports_read();
	for (size_t i = 0; i < operands.count; i++) {
		next = module_parse(context, input_read(operands.items[i].text));
		module_each_global(next, weaken_license, NULL);
		if (!module)
			module = next;
		else if (LLVMLinkModules2(module, next))
			fail("%s: cannot be linked", operands.items[i].text);
	}
	if (!module)
		fail_usage("no input files");
	if (!keep_debug)
		LLVMStripModuleDebugInfo(module);
	if (exports_given)
		module_each_global(module, internalize, NULL);
	LLVMTargetMachineRef machine = target_of(module);
	LLVMErrorRef error =
	    LLVMRunPasses(module, "default<O2>,dce", machine, LLVMCreatePassBuilderOptions());
	if (error)
		fail("%s", LLVMGetErrorMessage(error));
	if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &reason, &buffer))
		fail("%s", reason);
	output_write(output, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
	output_commit(output);
	tool_finish();
}
