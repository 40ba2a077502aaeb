/* bpf-debuginfo: makes debug info fit for BTF, which code generation makes of it.
 *
 * Kernels and loaders refuse all BTF of an object for one type that they do not know, one name that
 * is no C identifier, or one function without a prototype. What is not fit is mended in place.
 * LLVM-C can change the operands of a metadata node, but neither its flags nor its tag: such a node
 * is made anew, of its own text, which says all there is to know of it (text.h).
 *
 * BTF is made from the subprograms and variables, their types, and the instructions' locations.
 * All else is dropped, unless --debug-info=full, and so that BTF comes out the same. */
#include "declared.h"
#include "functions.h"
#include "libllvm.h"
#include "message.h"
#include "metadata-check.h"
#include "metadata.h"
#include "module.h"
#include "nesting.h"
#include "nodes.h"
#include "options.h"
#include "reach.h"
#include "same-names.h"
#include "sources.h"
#include "tags.h"
#include "text.h"
#include "types.h"
#include "unify.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"lines", "full", "none", NULL};
static const char *const source_kinds[] = {"embed", "none", NULL};
static const char *debug_info = "lines", *btf_source = "embed";
static bool btf, strip, list;

static const struct option_spec own_options[] = {
    {"btf", 0, OPTION_FLAG, &btf, NULL, "make debug info fit for BTF"},
    {"debug-info", 0, OPTION_CHOICE, &debug_info, "WHAT",
	"beside BTF, keep lines, DWARF in full, or none (default: lines)", kinds},
    {"btf-source", 0, OPTION_CHOICE, &btf_source, "WHAT",
	"embed the lines of source that BTF quotes, or none (default: embed)", source_kinds},
    {"strip", 0, OPTION_FLAG, &strip, NULL, "drop all debug info"},
    {"list", 0, OPTION_FLAG, &list, NULL, "instead of the module, write what is changed, and why"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-debuginfo",
    .operands = "[FILE]",
    .purpose = "Makes the debug info of an LLVM module fit for BTF, or drops it.",
    .tables = (const struct option_spec *const[]){own_options, NULL},
    .most_operands = 1,
    .check = metadata_check_for_version,
};

static void fit_for_btf(void)
{
	struct values units = units_of(module);

	if (!units.count) {
		message(LEVEL_WARN, "no input has debug info, of which BTF is made; "
				    "compile with clang -g or rustc -C debuginfo=2");
		return;
	}
	builder = LLVMCreateDIBuilder(module);
	drop_empty_variables();
	give_debug_info(units.items[0]);
	reach_all(&units);
	size_t reached = nodes.count;
	fit_parameters();
	fit_tags();
	fit_nodes();
	fit_linkage();
	fit_units(&units);
	fit_sources(!strcmp(btf_source, "embed"));
	parse_remade();
	if (!keeps_all)
		declare_named_only(reached);
	put_replacements_in_place();
	forget_structs_apart();
	unify_types(&units, reached, keeps_all);
	keep_structs_apart();
	fit_nesting();
	drop_the_rest(&units);
	if (!keeps_all)
		keep_sources_out_of_line_tables();
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, !list);

	if (btf == strip)
		fail_usage("one of --btf and --strip is needed");
	metadata_context = module_context();
	metadata_check();
	listing = list ? output : NULL;
	keeps_all = !strcmp(debug_info, "full");
	module = module_parse(
	    metadata_context, input_read(operands.count ? operands.items[0].text : NULL));
	if (strip)
		LLVMStripModuleDebugInfo(module);
	else
		fit_for_btf();
	if (!list)
		module_finish(module, output);
	output_commit(output);
	tool_finish();
}
