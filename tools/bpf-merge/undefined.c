/* --unresolved-symbols: what is live, and defined nowhere. */
#include "core-marker.h"
#include "exports.h"
#include "linker.h"
#include "message.h"
#include "reserved.h"
#include "string-builtins.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <string.h>

static bool comes_from_kernel(const struct symbol *symbol)
{
	return symbol->section &&
	       (!strcmp(symbol->section, ".ksyms") || !strcmp(symbol->section, ".kconfig"));
}

static bool comes_from_codegen(const struct symbol *symbol)
{
	LLVMValueRef reference = symbol->use->reference;

	if (!strcmp(symbol->name, NORETURN_END_NAME)) /* from bpf-opt, in what is linked again */
		return true;
	return keep_memory_builtins &&
	       (is_memory_builtin(symbol->name) || (reference && is_string_builtin(reference)));
}

/* bpf-core puts it into one of these sections. */
static bool is_told_to_core(const struct symbol *symbol)
{
	LLVMValueRef reference = symbol->use->reference;

	for (LLVMUseRef use = reference ? LLVMGetFirstUse(reference) : NULL; use;
	    use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (LLVMIsACallInst(user) && LLVMGetCalledValue(user) != reference &&
		    is_core_marker(value_name(LLVMGetCalledValue(user))))
			return true;
	}
	return false;
}

static bool is_undefined(const struct symbol *symbol)
{
	return symbol->use && !symbol->definition && !symbol->in_asm &&
	       !comes_from_kernel(symbol) && !comes_from_codegen(symbol) &&
	       !is_core_marker(symbol->name) && /* bpf-core lowers it */
	       !is_told_to_core(symbol);
}

/* The relocations that bpf-core would make are in BTF, and it reads their types in debug info. */
static void report_core_markers(struct linker *linker)
{
	for (size_t i = 0; linker->strip_debug && i < linker->symbols.count; i++) {
		const struct symbol *symbol = linker->symbols.items[i].value;
		if (!symbol->use || !is_core_marker(symbol->name))
			continue;
		char *place = core_marker_place(symbol->name);
		fail("%s: a CO-RE relocation needs BTF: link with --btf",
		    *place ? place : input_name(symbol->use->module));
	}
}

/* An exported symbol of which nothing else is to be said. */
static bool is_missing_export(const struct symbol *symbol)
{
	return !symbol->definition && !symbol->in_asm && !is_undefined(symbol);
}

void report_undefined(struct linker *linker)
{
	bool is_error = !strcmp(linker->unresolved_symbols, "error"), any = false;

	report_core_markers(linker);
	for (size_t i = 0; i < exports.count; i++)
		if (is_missing_export(symbol_of(linker, exports.items[i].key)))
			message(LEVEL_WARN, "exported symbol '%s' is not defined in any input",
			    (const char *)exports.items[i].key);
	if (!strcmp(linker->unresolved_symbols, "ignore"))
		return;
	for (size_t i = 0; i < linker->symbols.count; i++) {
		const struct symbol *symbol = linker->symbols.items[i].value;
		if (!is_undefined(symbol))
			continue;
		any = true;
		message(is_error ? LEVEL_ERROR : LEVEL_WARN, "%s: undefined symbol '%s'%s",
		    input_name(symbol->use->module), symbol->name, describe_user(symbol->use));
	}
	if (any && is_error)
		fail_silently(1);
}
