/* --why: the references once more, breadth first, from each root. */
#include "exports.h"
#include "linker.h"
#include "memory.h"
#include "module.h"
#include "used.h"
#include "why.h"
#include <llvm-c/Core.h>

static LLVMValueRef resolve_reference(void **module, LLVMValueRef reference)
{
	if (is_llvm_global(reference))
		return NULL;
	if (is_local(reference))
		return reference;
	struct linker *linker = ((struct module *)*module)->linker;
	const struct symbol *symbol = symbol_of(linker, value_name(reference));
	if (symbol->definition) {
		*module = symbol->module;
		return symbol->definition;
	}
	if (!symbol->use || !symbol->use->reference)
		return reference;
	*module = symbol->use->module;
	return symbol->use->reference;
}

static const char *input_of(void *module)
{
	return input_name(module);
}

static const struct why_modules why_modules = {resolve_reference, input_of};

static void add_root(const struct linker *linker, const struct symbol *symbol, const char *reason)
{
	if (symbol->definition && map_has(&linker->live, symbol->definition))
		why_add_root(&why_modules, symbol->module, symbol->definition, reason);
}

static void add_used_root(LLVMValueRef global, void *data)
{
	struct module *module = data;

	if (used_has(module->used, global))
		why_add_root(&why_modules, module, global, "marked as used");
}

/* Roots, those first that say the most. */
static void follow_from_roots(struct linker *linker)
{
	for (size_t i = 0; i < exports.count; i++)
		add_root(linker, symbol_of(linker, exports.items[i].key), "exported");
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			module_each_global(
			    linker->modules[i].ir, add_used_root, &linker->modules[i]);
	for (size_t i = 0; i < linker->symbols.count; i++) {
		const struct symbol *symbol = linker->symbols.items[i].value;
		if (symbol->visible_in_input)
			add_root(linker, symbol, "visible in an input");
		else if (symbol->use && !symbol->use->reference)
			add_root(linker, symbol,
			    xasprintf("referenced by %s", input_name(symbol->use->module)));
	}
	why_follow(&why_modules);
	for (size_t i = 0; i < linker->tagged.count; i++)
		add_root(linker, symbol_of(linker, linker->tagged.items[i].key),
		    "named by a declaration tag");
	for (size_t i = 0; i < linker->asm_named.count; i++)
		add_root(
		    linker, symbol_of(linker, linker->asm_named.items[i].key), "named by assembly");
	for (size_t i = 0; memory_builtins[i]; i++)
		add_root(linker, symbol_of(linker, memory_builtins[i]), "a memory builtin");
	why_follow(&why_modules);
}

/* What is known of a dead symbol by one of its definitions and declarations; returns whether that
 * is anything. */
static bool print_dead(LLVMValueRef global, const struct module *module)
{
	const char *name = value_name(global);
	const struct symbol *symbol = is_local(global) ? NULL : symbol_of(module->linker, name);

	if (LLVMIsDeclaration(global) && symbol && map_has(&module->linker->lazy_symbols, name))
		return false;
	if (LLVMIsDeclaration(global))
		why_print_state("dead", input_name(module), name,
		    "no input defines it, and no live symbol refers to it");
	else if (symbol && symbol->definition != global)
		why_print_state("dead", input_name(module), name,
		    symbol->definition
			? xasprintf("%s defines it instead", input_name(symbol->module))
			: "not suitable for BPF: bpf-codegen supplies its own");
	else
		why_print_state("dead", input_name(module), name, "no live symbol refers to it");
	return true;
}

struct query {
	const char *name;
	const struct module *module; /* that is looked at */
	bool found;
};

static void print_dead_if_meant(LLVMValueRef global, void *data)
{
	struct query *query = data;

	if (!is_llvm_global(global) && *value_name(global) &&
	    why_means(query->name, value_name(global)))
		query->found |= print_dead(global, query->module);
}

/* Archive members that do not take part. */
static void print_lazy(const struct linker *linker, struct query *query)
{
	for (size_t i = 0; i < linker->lazy_symbols.count; i++) {
		const char *name = linker->lazy_symbols.items[i].key;
		const struct module *member = linker->lazy_symbols.items[i].value;
		if (member->takes_part || !why_means(query->name, name))
			continue;
		why_print_state("dead", input_name(member), name,
		    "this member is not linked: no live symbol needs it");
		query->found = true;
	}
}

static void print_why_dead(const struct linker *linker, const char *name)
{
	struct query query = {.name = name};

	if (why_is_glob(name)) {
		why_print_state("dead", NULL, name, "no live symbol matches it");
		return;
	}
	for (size_t i = 0; i < linker->module_count; i++) {
		query.module = &linker->modules[i];
		if (query.module->takes_part)
			module_each_global(query.module->ir, print_dead_if_meant, &query);
	}
	print_lazy(linker, &query);
	if (!query.found)
		why_print_state("dead", NULL, name,
		    keep_memory_builtins && is_memory_builtin(name)
			? "no input defines it; bpf-codegen supplies it where it is called"
			: "no input that was read defines it");
}

void print_why(struct linker *linker)
{
	follow_from_roots(linker);
	for (size_t i = 0; i < why_names.count; i++)
		if (!why_print(&why_modules, why_names.items[i]))
			print_why_dead(linker, why_names.items[i]);
	why_flush();
}
