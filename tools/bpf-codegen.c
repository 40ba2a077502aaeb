/* bpf-codegen: makes the result of a link from a module: an object, assembly,
 * IR or bitcode. */
#include "dwarf.h"
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
static const char *const debug_infos[] = {"lines", "full", "none", NULL};
static const char *emit = "obj", *debug_info = "lines", *dump_path;
static bool disable_memory_builtins;

static const struct option_spec own_options[] = {
    {"emit", 0, OPTION_CHOICE, &emit, "KIND", "write obj, asm, llvm-ir or llvm-bc (default: obj)",
	kinds},
    {"disable-memory-builtins", 0, OPTION_FLAG, &disable_memory_builtins, NULL,
	"do not bring memcpy, memmove, memset, memcmp and bcmp"},
    {"debug-info", 0, OPTION_CHOICE, &debug_info, "WHAT",
	"lines or full, as the module has it; none leaves but BTF (default: "
	"lines)",
	debug_infos},
    {"dump-module", 0, OPTION_TEXT, &dump_path, "FILE",
	"write the IR before code generation to FILE"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-codegen",
    .operands = "[FILE]",
    .purpose = "Generates a BPF object, assembly, LLVM IR or bitcode from an "
	       "LLVM module.",
    .tables = (const struct option_spec *const[]){own_options, target_options, llvm_options, NULL},
    .most_operands = 1,
};

/* The BPF backend reports every call that it makes to a function of the C
 * library as an error, though these may well be in the module. */
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

static LLVMMemoryBufferRef generate(
    LLVMModuleRef module, LLVMTargetMachineRef machine, LLVMCodeGenFileType type)
{
	LLVMMemoryBufferRef buffer;
	char *reason;

	module_excuses = is_call_of_known_builtin;
	if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, type, &reason, &buffer))
		fail("%s: %s", message_subject, reason);
	module_check_errors();
	return buffer;
}

/* A directive that becomes DWARF: `.loc`, `.file` with a number, `.cfi_startproc` and its like. */
static bool is_dwarf_directive(const char *line)
{
	return !strncmp(line, "\t.loc\t", 6) || !strncmp(line, "\t.cfi_", 6) ||
	       (!strncmp(line, "\t.file\t", 7) && line[7] >= '0' && line[7] <= '9');
}

static bool changes_section(const char *line)
{
	return !strncmp(line, "\t.section\t", 10) || !strncmp(line, "\t.text\n", 7) ||
	       !strncmp(line, "\t.data\n", 7) || !strncmp(line, "\t.bss\n", 6);
}

static void write_without_dwarf(const char *text, size_t size, struct output *output)
{
	const char *next, *end = text + size;
	bool in_dwarf = false;

	for (; text < end; text = next) {
		next = memchr(text, '\n', end - text);
		next = next ? next + 1 : end;
		if (changes_section(text))
			in_dwarf = !strncmp(text, "\t.section\t.debug_", 17);
		if (!in_dwarf && !is_dwarf_directive(text))
			output_write(output, text, next - text);
	}
}

/* LLVM makes BTF only of a module of which it also makes DWARF. */
static void write_code(LLVMModuleRef module, LLVMTargetMachineRef machine, LLVMCodeGenFileType type,
    struct output *output)
{
	LLVMMemoryBufferRef code = generate(module, machine, type);
	const char *data = LLVMGetBufferStart(code);
	size_t size = LLVMGetBufferSize(code);

	if (strcmp(debug_info, "none"))
		output_write(output, data, size);
	else if (type == LLVMAssemblyFile)
		write_without_dwarf(data, size, output);
	else {
		unsigned char *stripped = dwarf_drop((const unsigned char *)data, &size);
		output_write(output, stripped, size);
		free(stripped);
	}
}

static void write_result(LLVMModuleRef module, LLVMTargetMachineRef machine, struct output *output)
{
	if (!strcmp(emit, "obj"))
		write_code(module, machine, LLVMObjectFile, output);
	else if (!strcmp(emit, "asm"))
		write_code(module, machine, LLVMAssemblyFile, output);
	else if (!strcmp(emit, "llvm-bc"))
		module_write(module, output);
	else
		module_print(module, output);
}

/* Whether bpf-debuginfo has left the places of instructions alone. */
static bool has_only_lines(LLVMModuleRef module)
{
	unsigned count = LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu");
	LLVMValueRef *units = xcalloc(count + 1, sizeof *units);
	bool result = count;

	LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", units);
	for (unsigned i = 0; i < count; i++) {
		char *text = LLVMPrintValueToString(units[i]);
		result &= strstr(text, "emissionKind: DebugDirectivesOnly") != NULL;
		LLVMDisposeMessage(text);
	}
	free(units);
	return result;
}

/* Tools look for a line table by way of a compile unit, of which LLVM then writes none. This one
 * covers any address of any section: there is one table for all. https://dwarfstd.org, version 4 */
static void add_unit(LLVMModuleRef module)
{
	static const char unit[] = ".section .debug_abbrev,\"\",@progbits\n"
				   ".byte 1, 0x11, 0\n" /* DW_TAG_compile_unit, no children */
				   ".byte 0x10, 0x17\n" /* DW_AT_stmt_list, DW_FORM_sec_offset */
				   ".byte 0x11, 0x01\n" /* DW_AT_low_pc, DW_FORM_addr */
				   ".byte 0x12, 0x06\n" /* DW_AT_high_pc, DW_FORM_data4 */
				   ".byte 0, 0, 0\n"
				   ".section .debug_info,\"\",@progbits\n"
				   ".long 24\n"   /* the unit's length from here on */
				   ".short 4\n"   /* version */
				   ".long 0\n"    /* place in .debug_abbrev */
				   ".byte 8, 1\n" /* size of an address; abbreviation */
				   ".long 0\n"    /* place in .debug_line */
				   ".quad 0\n.long 0x7fffffff\n"
				   ".text\n";

	LLVMAppendModuleInlineAsm(module, unit, strlen(unit));
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
	if ((!strcmp(emit, "obj") || !strcmp(emit, "asm")) && strcmp(debug_info, "none") &&
	    has_only_lines(module))
		add_unit(module);
	write_result(module, machine, output);
	output_commit(output);
	tool_finish();
}
