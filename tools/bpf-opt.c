/* bpf-opt: runs LLVM's optimizations on a module, tuned to what the kernel's verifier accepts. */
#include "libllvm.h"
#include "message.h"
#include "module.h"
#include "options.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

static const char *const levels[] = {"0", "1", "2", "3", "s", "z", NULL};
static const char *level = "2", *dump_path;

static const struct option_spec own_options[] = {
    {NULL, 'O', OPTION_CHOICE, &level, "LEVEL",
	"optimize at LEVEL: 0, 1, 2, 3, s or z; 0 is as 1 (default: 2)", levels},
    {"dump-module", 0, OPTION_TEXT, &dump_path, "FILE", "write the IR before the passes to FILE"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-opt",
    .operands = "[FILE]",
    .purpose = "Optimizes an LLVM module for BPF.",
    .tables = (const struct option_spec *const[]){own_options, target_options, llvm_options, NULL},
    .most_operands = 1,
};

/* One BPF program is for one CPU, that of the command line. What the compilers noted for each
 * function, a host's CPU perhaps, would only keep functions from being inlined into others. */
static void forget_function_targets(LLVMModuleRef module)
{
	static const char *const names[] = {"target-cpu", "target-features", "tune-cpu"};

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			LLVMRemoveStringAttributeAtIndex(
			    function, LLVMAttributeFunctionIndex, names[i], strlen(names[i]));
}

static void add_to_functions(LLVMModuleRef module, const char *attribute)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(attribute, strlen(attribute));
	LLVMAttributeRef one = LLVMCreateEnumAttribute(LLVMGetModuleContext(module), kind, 0);

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (!LLVMIsDeclaration(function))
			LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, one);
}

/* From LLVM 23 on there are no passes for size; functions say that they are to be small. */
static const char *level_for_size(LLVMModuleRef module)
{
	add_to_functions(module, "optsize");
	if (!strcmp(level, "z"))
		add_to_functions(module, "minsize");
	return "2";
}

static void optimize(LLVMModuleRef module, LLVMTargetMachineRef machine)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	bool for_size = !strcmp(level, "s") || !strcmp(level, "z");

	if (!strcmp(level, "0")) /* almost nothing passes the verifier at that */
		level = "1";
	if (for_size && libllvm_major() >= 23)
		level = level_for_size(module);
	char *passes = xasprintf("default<O%s>,dce", level);
	LLVMErrorRef error = LLVMRunPasses(module, passes, machine, options);

	if (error)
		fail("%s: %s", message_subject, LLVMGetErrorMessage(error));
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);
	const char *input = operands.count ? operands.items[0].text : NULL;

	target_start(!input || !strcmp(input, "-"));
	target_warn_of_features();
	module_is_verified = getenv("BPF_LINKER_PIPELINE");
	LLVMModuleRef module = module_parse(module_context(), input_read(input));
	LLVMTargetMachineRef machine = target_of(module);

	if (dump_path)
		module_dump(module, dump_path);
	forget_function_targets(module);
	optimize(module, machine);
	module_finish(module, output);
}
