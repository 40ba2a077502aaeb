#include "reach.h"
#include "libllvm.h"
#include "memory.h"
#include "node-text.h"
#include "nodes.h"
#include "text.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

bool keeps_all;

/* What cannot be mended must not stay. */
static bool keeps_records(void)
{
	return keeps_all && libllvm_has_debug_records();
}

static void add_metadata(LLVMMetadataRef metadata)
{
	if (metadata)
		add_node(value_of(metadata));
}

static void reach_debug_record(LLVMMetadataRef location, LLVMMetadataRef variable, void *unused)
{
	(void)unused;
	add_metadata(location ? location : variable);
}

/* Notes what BTF needs, so that all can be dropped and this be put back. */
static void note_what_is_needed(void)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		note_function(function);
	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable))
		note_variable(variable);
}

void reach_all(const struct values *units)
{
	note_what_is_needed();
	for (size_t i = 0; keeps_all && i < units->count; i++)
		add_node(units->items[i]);
	for (size_t i = 0; keeps_all && i < functions.count; i++)
		each_debug_record(functions.items[i].value, reach_debug_record, NULL);
	reach_nodes(module, keeps_all ? EVERYTHING : ONLY_BTF);
}

/* LLVM makes BTF of a unit that has directives alone, and of one that has it in full. It makes
 * none of one without, and crashes where one has line tables alone, and functions that retain
 * variables; and where one that has directives alone is to have a table of names, as with DWARF 5
 * it has by default. */
static void fit_unit(LLVMValueRef unit)
{
	char *kind = node_field(unit, "emissionKind"), *table = node_field(unit, "nameTableKind");
	char *old_kind = xasprintf("emissionKind: %s", kind ? kind : "");
	char *old_table = xasprintf("nameTableKind: %s", table ? table : "");
	const struct edit edits[] = {
	    {old_kind, table ? "emissionKind: DebugDirectivesOnly"
			     : "emissionKind: DebugDirectivesOnly, nameTableKind: None"},
	    {old_table, "nameTableKind: None"},
	};

	if (!keeps_all)
		slim_unit(unit);
	if (!keeps_all || !kind || strcmp(kind, "FullDebug"))
		remake_with(unit, edits, table ? 2 : 1);
	free(kind);
	free(table);
	free(old_kind);
	free(old_table);
}

void fit_units(const struct values *units)
{
	for (size_t i = 0; i < units->count; i++)
		fit_unit(units->items[i]);
}

/* Those that were made anew, and the others where all were dropped. */
static void put_back_units(const struct values *units)
{
	for (size_t i = 0; i < units->count; i++)
		if (!keeps_records() || current(units->items[i]) != units->items[i])
			LLVMAddNamedMetadataOperand(
			    module, "llvm.dbg.cu", current(units->items[i]));
}

void drop_the_rest(const struct values *units)
{
	if (!keeps_records()) {
		LLVMStripModuleDebugInfo(module);
		put_back_attachments();
	}
	put_back_units(units);
	for (size_t i = 0; i < functions.count; i++)
		LLVMSetSubprogram(
		    functions.items[i].value, metadata_of(current(functions.items[i].subprogram)));
}
