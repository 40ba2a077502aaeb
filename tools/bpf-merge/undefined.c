/* --unresolved-symbols: what is live, and defined nowhere. */
#include "exports.h"
#include "linker.h"
#include "message.h"
#include "string-builtins.h"
#include <string.h>

static bool comes_from_kernel(const struct symbol *symbol)
{
	return symbol->section &&
	       (!strcmp(symbol->section, ".ksyms") || !strcmp(symbol->section, ".kconfig"));
}

static bool comes_from_codegen(const struct symbol *symbol)
{
	LLVMValueRef reference = symbol->use->reference;

	return keep_memory_builtins &&
	       (is_memory_builtin(symbol->name) || (reference && is_string_builtin(reference)));
}

static bool is_undefined(const struct symbol *symbol)
{
	return symbol->use && !symbol->definition && !symbol->in_asm &&
	       !comes_from_kernel(symbol) && !comes_from_codegen(symbol);
}

/* An exported symbol of which nothing else is to be said. */
static bool is_missing_export(const struct symbol *symbol)
{
	return !symbol->definition && !symbol->in_asm && !is_undefined(symbol);
}

void report_undefined(struct linker *linker)
{
	bool is_error = !strcmp(linker->unresolved_symbols, "error"), any = false;

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
