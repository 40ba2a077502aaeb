/* bpf-codegen: makes the result of a link from a module: an object, assembly,
 * IR or bitcode. */
#include "demangle.h"
#include "builtins.h"
#include "dwarf.h"
#include "integer-expand.h"
#include "resource-limits.h"
#include "link-map.h"
#include "location.h"
#include "memory-expand.h"
#include "memory-intrinsics.h"
#include "memory.h"
#include "message.h"
#include "metadata-check.h"
#include "metadata.h"
#include "module.h"
#include "node-text.h"
#include "noreturn.h"
#include "options.h"
#include "origin.h"
#include "pipeline.h"
#include "program-check.h"
#include "prototype.h"
#include "stack-size.h"
#include "target.h"
#include "unsupported.h"
#include "variable-type.h"
#include "zero-extend.h"
#include "why.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"obj", "asm", "llvm-ir", "llvm-bc", NULL};
static const char *const debug_infos[] = {"lines", "full", "none", NULL};
static const char *emit = "obj", *debug_info = "lines", *dump_path, *map_path;
static bool disable_memory_builtins, checks_only;

static const struct option_spec own_options[] = {
    {"emit", 0, OPTION_CHOICE, &emit, "KIND", "write obj, asm, llvm-ir or llvm-bc (default: obj)",
	kinds},
    {"disable-memory-builtins", 0, OPTION_FLAG, &disable_memory_builtins, NULL,
	"do not supply memcpy, memmove, memset, memcmp, bcmp and string functions"},
    {"debug-info", 0, OPTION_CHOICE, &debug_info, "WHAT",
	"lines or full, as the module has it; none leaves but BTF (default: "
	"lines)",
	debug_infos},
    {"check", 0, OPTION_FLAG, &checks_only, NULL,
	"generate code for its errors and warnings alone, and write none"},
    {"dump-module", 0, OPTION_TEXT, &dump_path, "FILE",
	"write the IR before code generation to FILE"},
    {"map", 0, OPTION_TEXT, &map_path, "FILE",
	"write the link map to FILE, or to standard output where it is -"},
    {"why", 0, OPTION_TEXTS, &why_names, "GLOB",
	"say of symbols that match GLOB whether they were inlined or dropped"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-codegen",
    .operands = "[FILE]",
    .purpose = "Generates a BPF object, assembly, LLVM IR or bitcode from an "
	       "LLVM module.",
    .tables = (const struct option_spec *const[]){own_options, target_options, llvm_options, NULL},
    .most_operands = 1,
    .check = metadata_check_for_version,
};

static bool emits_ir(void)
{
	return !strcmp(emit, "llvm-ir") || !strcmp(emit, "llvm-bc");
}

static bool is_call_of(const char *diagnostic, const char *builtin)
{
	char *text = xasprintf("A call to built-in function '%s' is not supported.", builtin);
	bool found = strstr(diagnostic, text);

	free(text);
	return found;
}

/* The BPF backend reports every call that it makes to a function of the C
 * library as an error, though these may well be in the module. */
static bool is_call_of_known_builtin(const char *diagnostic)
{
	for (size_t i = 0; memory_builtins[i]; i++)
		if (is_call_of(diagnostic, memory_builtins[i]))
			return true;
	return is_call_of(diagnostic, "strlen");
}

/* What code is generated for, and of. */
static LLVMModuleRef generated;
static char *cpu;

/* Whether the driver can have the error said with a line: debug info was dropped for a part of the
 * module. */
static bool may_explain(LLVMModuleRef module)
{
	if (!pipeline_may_explain())
		return false;
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (origin_lost_debug_info(function) == DROPPED_FOR_NOW)
			return true;
	return false;
}

static char *reword(const char *diagnostic)
{
	if (fatal_errors && may_explain(generated))
		fail_silently(STATUS_ERRORS_UNEXPLAINED);
	return unsupported_reword(generated, diagnostic, cpu);
}

/* BPF has nothing that a stack protector could call. Code for what is not to be optimized would
 * hold all in the stack, and LLVM 23 crashes where arguments are passed there. */
static void drop_attributes(LLVMModuleRef module)
{
	static const char *const names[] = {"ssp", "sspstrong", "sspreq", "optnone"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned kind = LLVMGetEnumAttributeKindForName(names[i], strlen(names[i]));
		for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
		    function = LLVMGetNextFunction(function))
			LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
	}
}

static LLVMMemoryBufferRef generate(
    LLVMModuleRef module, LLVMTargetMachineRef machine, LLVMCodeGenFileType type)
{
	LLVMMemoryBufferRef buffer;
	char *reason;

	diagnostic_excuses = is_call_of_known_builtin;
	diagnostic_rewords = reword;
	generated = module;
	cpu = xchecked(LLVMGetTargetMachineCPU(machine));
	if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, type, &reason, &buffer))
		fail("%s: %s", message_subject, reason);
	module_check_errors();
	return xchecked(buffer);
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

/* LLVM makes BTF only of a module of which it also makes DWARF. Returns what was written, where it
 * is an object. */
static const void *write_code(LLVMModuleRef module, LLVMTargetMachineRef machine,
    LLVMCodeGenFileType type, struct output *output)
{
	/* LLVM would read the source that BTF quotes; bpf-debuginfo has done that, and with care */
	limits_allow_files(false);
	LLVMMemoryBufferRef code = generate(module, machine, type);
	limits_allow_files(true);
	if (type == LLVMObjectFile && target_allows_library_calls())
		unsupported_check_calls(module, code);
	const char *data = LLVMGetBufferStart(code);
	size_t size = LLVMGetBufferSize(code);

	if (type == LLVMAssemblyFile && !strcmp(debug_info, "none")) {
		write_without_dwarf(data, size, output);
		return NULL;
	}
	if (!strcmp(debug_info, "none"))
		data = (const char *)dwarf_drop((const unsigned char *)data, &size);
	output_write(output, data, size);
	return type == LLVMObjectFile ? data : NULL;
}

/* Returns the object, NULL where the result is none. */
static const void *write_result(
    LLVMModuleRef module, LLVMTargetMachineRef machine, struct output *output)
{
	if (!strcmp(emit, "obj"))
		return write_code(module, machine, LLVMObjectFile, output);
	if (!strcmp(emit, "asm"))
		return write_code(module, machine, LLVMAssemblyFile, output);
	if (!strcmp(emit, "llvm-bc"))
		module_write(module, output);
	else
		module_print(module, output);
	return NULL;
}

static struct output *open_map(void)
{
	if (!map_path || checks_only)
		return NULL;
	if (output_is_same(output_path, map_path))
		fail_usage("the map and the output are one file, '%s'", map_path);
	return output_open(map_path, false);
}

/* The map first: where it cannot be written, there is no output. */
static _Noreturn void finish(struct output *output, struct output *map, int status)
{
	if (map) {
		link_map_write(map);
		output_commit(map);
	}
	output_commit(output);
	link_map_explain();
	tool_finish_with(status);
}

/* What LLVM makes of the module's debug info, as a DICompileUnit names it: DebugDirectivesOnly
 * where bpf-debuginfo has left but the locations of instructions; NULL where there is none. */
static const char *emission_kind(LLVMModuleRef module)
{
	unsigned count = LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu");
	LLVMValueRef *units = xcalloc(count + 1, sizeof *units);
	const char *kind = NULL;

	LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", units);
	for (unsigned i = 0; i < count; i++) {
		char *own = node_field(units[i], "emissionKind");
		if (own && !strcmp(own, "DebugDirectivesOnly"))
			kind = kind ? kind : "DebugDirectivesOnly";
		else if (!own || strcmp(own, "NoDebug"))
			kind = "FullDebug";
		free(own);
	}
	free(units);
	return kind;
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
				   ".long 0\n"    /* offset in .debug_abbrev */
				   ".byte 8, 1\n" /* size of an address; abbreviation */
				   ".long 0\n"    /* offset in .debug_line */
				   ".quad 0\n.long 0x7fffffff\n"
				   ".text\n";

	LLVMAppendModuleInlineAsm(module, unit, strlen(unit));
}

int main(int argc, char **argv)
{
	pipeline_set_last_stage();
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output =
	    checks_only ? output_open_none()
			: output_open(output_path, strcmp(emit, "asm") && strcmp(emit, "llvm-ir"));
	struct output *map = open_map();
	const char *input = operands.count ? operands.items[0].text : NULL;

	stack_size_collect();
	target_start(!input || !strcmp(input, "-"));
	LLVMModuleRef module = module_parse(module_context(), input_read(input));
	metadata_context = LLVMGetModuleContext(module);
	const char *kind = emission_kind(module);
	/* LLVM declares structs in the order of their addresses, where bpf-debuginfo has not done
	 * it; and of IR, reading changes the attributes that intrinsics have
	 */
	if ((kind && !strcmp(kind, "FullDebug")) || emits_ir() || dump_path)
		pipeline_start_afresh();
	metadata_check(); /* not before: the order of BTF's types is that of their addresses */
	LLVMTargetMachineRef machine = target_of(module);

	link_map_take_notes(module);
	location_set_module(module);
	if (!pipeline_has_driver()) /* else bpf-opt has said it */
		target_tell();
	prototype_fit(module, kind && !strcmp(kind, "FullDebug"));
	variable_types_fit(module);
	drop_attributes(module);
	integer_expand(module);
	memory_expand(module, machine, target_copies_in_order());
	zero_extend_once(module, machine);
	if (!disable_memory_builtins)
		builtins_materialize(module, kind);
	program_check_note(module);
	noreturn_end(module);
	if (emits_ir())
		origin_forget(module);
	if (dump_path)
		module_dump(module, dump_path);
	if (!emits_ir() && strcmp(debug_info, "none") && kind &&
	    !strcmp(kind, "DebugDirectivesOnly"))
		add_unit(module);
	const void *object = write_result(module, machine, output);
	bool unexplained = may_explain(module) && program_check_lacks_line(module);
	if (!unexplained)
		program_check(module);
	if (map || why_names.given)
		link_map_gather(module, object);
	finish(output, map, unexplained ? STATUS_WARNINGS_UNEXPLAINED : 0);
}
