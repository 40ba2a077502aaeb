/* bpf-merge: makes one module of many, with only what is reachable from what stays visible.
 *
 * All symbols are resolved first, over all modules; then each module is linked once. Modules are
 * opened lazily: a function body is materialized when the function is found to be live. LLVM's
 * linker copies what it is left with, and has no choice of its own: a definition that does not
 * prevail has become a declaration by then, and one that is not live is linkonce_odr, which LLVM
 * links only when something refers to it. */
#include "debug-info.h"
#include "exports.h"
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "metadata-check.h"
#include "module.h"
#include "notes.h"
#include "why.h"

static struct linker linker = {
    .unresolved_symbols = "warn",
    .lazy_symbols.kind = MAP_OF_STRINGS,
    .symbols.kind = MAP_OF_STRINGS,
    .tagged.kind = MAP_OF_STRINGS,
    .asm_named.kind = MAP_OF_STRINGS,
    .core_structs.kind = MAP_OF_STRINGS,
};

static const char *const modes[] = {"error", "warn", "ignore", NULL};

static const struct option_spec own_options[] = {
    {"unresolved-symbols", 0, OPTION_CHOICE, &linker.unresolved_symbols, "MODE",
	"error, warn or ignore when a symbol is undefined (default: warn)", modes},
    {"strip-debug", 0, OPTION_FLAG, &linker.strip_debug, NULL, "drop debug info"},
    {"btf", 0, OPTION_FLAG, &linker.btf, NULL, "drop debug info that does not become BTF"},
    {"without-btf", 0, OPTION_FLAG, &linker.without_btf, NULL,
	"with --strip-debug, do not warn where the program needs BTF"},
    {"fatal-errors", 0, OPTION_BOOL, &fatal_errors, "BOOL",
	"fail when LLVM reports an error (default: true)"},
    {"note-map", 0, OPTION_FLAG, &notes_wanted, NULL,
	"note what comes from which input, for bpf-codegen's link map"},
    {"why", 0, OPTION_TEXTS, &why_names, "GLOB",
	"print by what the symbols that match GLOB are needed, on standard error"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-merge",
    .operands = "[FILE...]",
    .purpose =
	"Links a stream of LLVM modules, or bitcode and IR files, into one module that holds\n"
	"what is exported and what that needs.",
    .tables = (const struct option_spec *const[]){export_options, own_options, NULL},
    .most_operands = -1,
    .check = metadata_check_for_version,
};

/* The input, or `a.bc and others`. */
static const char *name_inputs(const struct linker *linker)
{
	const char *first = NULL;

	for (size_t i = 0; i < linker->module_count; i++) {
		if (!linker->modules[i].takes_part || !linker->modules[i].ir)
			continue;
		if (first)
			return xasprintf("%s and others", first);
		first = linker->modules[i].entry->input.name;
	}
	return first;
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);

	linker.context = metadata_context = module_context();
	metadata_check();
	exports_read();
	read_inputs(&linker, &operands);
	add_inputs(&linker);
	mark_live(&linker);
	unify_sections(&linker);
	if (why_names.given)
		print_why(&linker);
	if (linker.btf && !linker.strip_debug && linker.target_module)
		slim_debug_info(&linker);
	verify_functions(&linker);
	report_mismatches(&linker);
	report_missing_btf(&linker);
	report_undefined(&linker);
	if (!linker.target_module)
		fail(
		    "nothing to link: no archive member has what is exported, and no other input is given");
	pipeline_name_next(name_inputs(&linker));
	module_finish(link_modules(&linker), output);
}
