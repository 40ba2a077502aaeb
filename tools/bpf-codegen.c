/* bpf-codegen: makes the result of a link from a module: an object, assembly, IR or bitcode. */
#include "memory-builtins.h"
#include "message.h"
#include "module.h"
#include "options.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"obj", "asm", "llvm-ir", "llvm-bc", NULL};
static const char *emit = "obj", *dump_path;
static bool disable_memory_builtins;

static const struct option_spec own_options[] = {
    {"emit", 0, OPTION_CHOICE, &emit, "KIND", "write obj, asm, llvm-ir or llvm-bc (default: obj)",
	kinds},
    {"disable-memory-builtins", 0, OPTION_FLAG, &disable_memory_builtins, NULL,
	"do not bring memcpy, memmove, memset, memcmp and bcmp"},
    {"dump-module", 0, OPTION_TEXT, &dump_path, "FILE",
	"write the IR before code generation to FILE"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-codegen",
    .operands = "[FILE]",
    .purpose = "Generates a BPF object, assembly, LLVM IR or bitcode from an LLVM module.",
    .tables = (const struct option_spec *const[]){own_options, target_options, llvm_options, NULL},
    .most_operands = 1,
};

/* The BPF backend reports every call that it makes to a function of the C library as an error,
 * though these may well be in the module. */
static bool is_call_of_known_builtin(const char *diagnostic)
{
	static const char *const names[] = {
	    "memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[80];
		snprintf(text, sizeof text, "A call to built-in function '%s' is not supported.",
		    names[i]);
		if (strstr(diagnostic, text))
			return true;
	}
	return false;
}

static void generate(LLVMModuleRef module, LLVMTargetMachineRef machine, LLVMCodeGenFileType type,
    struct output *output)
{
	LLVMMemoryBufferRef buffer;
	char *reason;

	module_excuses = is_call_of_known_builtin;
	if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, type, &reason, &buffer))
		fail("%s: %s", message_subject, reason);
	module_check_errors();
	output_write(output, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
}

static void write_result(LLVMModuleRef module, LLVMTargetMachineRef machine, struct output *output)
{
	if (!strcmp(emit, "obj"))
		generate(module, machine, LLVMObjectFile, output);
	else if (!strcmp(emit, "asm"))
		generate(module, machine, LLVMAssemblyFile, output);
	else if (!strcmp(emit, "llvm-bc"))
		module_write(module, output);
	else
		module_print(module, output);
}

int main(int argc, char **argv)
{
	output_is_last_stage();
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output =
	    output_open(output_path, strcmp(emit, "asm") && strcmp(emit, "llvm-ir"));
	const char *input = operands.count ? operands.items[0].text : NULL;

	target_start(!input || !strcmp(input, "-"));
	if (!getenv("BPF_LINKER_PIPELINE")) /* else bpf-opt has warned */
		target_warn_of_features();
	module_is_verified = getenv("BPF_LINKER_PIPELINE");
	LLVMModuleRef module = module_parse(module_context(), input_read(input));
	LLVMTargetMachineRef machine = target_of(module);

	if (!disable_memory_builtins)
		memory_builtins_settle(module);
	if (dump_path)
		module_dump(module, dump_path);
	write_result(module, machine, output);
	output_commit(output);
	tool_finish();
}
