/* Asm that refers to functions and variables by their names: its text is all that says so.
 *
 * Of equally named locals in several modules, LLVM's linker renames all but one, and leaves the
 * text as it is, which then means another module's. Labels and macros that asm defines are in no
 * symbol table, and would be there twice. So all these are renamed before, in the text as well, and
 * LLVM finds none to rename. */
#include "asm-text.h"
#include "linker.h"
#include "map.h"
#include "memory.h"
#include "module.h"
#include "used.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

struct text {
	ARRAY(char);
};

/* A name in the asm of a module. */
struct asm_name {
	bool is_label, is_global; /* asm says so */
	const char *new_name;
};

struct asm_names {
	struct map symbols; /* by name: struct asm_name */
	struct map macros;  /* that it defines, by name: the new one, NULL where it keeps that */
};

/* Names in the result. */
struct names {
	struct linker *linker;
	struct asm_names *of_modules;     /* of each one's asm */
	struct map of_symbols, of_macros; /* by name: struct modules_of_name */
};

struct modules_of_name {
	size_t count;         /* modules that bring it, or mean what another one has */
	unsigned last_number; /* behind it, of those that are renamed */
};

struct visit {
	struct module *module;
	struct names *names;
};

static struct asm_names *asm_names_of(const struct names *names, const struct module *module)
{
	return &names->of_modules[module - module->linker->modules];
}

/* all: of symbols, or of macros */
static struct modules_of_name *modules_of(struct linker *linker, struct map *all, const char *name)
{
	void **slot = map_find(all, name);

	if (!slot) {
		struct modules_of_name *modules = allocate(linker, sizeof *modules);
		slot = map_insert(all, allocate_string(linker, name));
		*slot = modules;
	}
	return *slot;
}

static void note_macro(const struct visit *visit, const char *name)
{
	struct linker *linker = visit->names->linker;

	if (map_add(
		&asm_names_of(visit->names, visit->module)->macros, allocate_string(linker, name)))
		modules_of(linker, &visit->names->of_macros, name)->count++;
}

static bool is_symbol(const struct asm_word *word)
{
	return word->name && word->role != ASM_MACRO && word->role != ASM_MNEMONIC;
}

static void note_word(const struct asm_word *word, void *data)
{
	const struct visit *visit = data;
	struct map *symbols = &asm_names_of(visit->names, visit->module)->symbols;
	struct linker *linker = visit->names->linker;

	if (word->name && word->role == ASM_MACRO)
		note_macro(visit, word->name);
	if (!is_symbol(word))
		return;
	struct asm_name *name = map_get(symbols, word->name);
	if (!name) {
		name = allocate(linker, sizeof *name);
		*map_insert(symbols, allocate_string(linker, word->name)) = name;
		modules_of(linker, &visit->names->of_symbols, word->name)->count++;
	}
	name->is_label |= word->role == ASM_LABEL || word->role == ASM_DEFINITION;
	name->is_global |= word->role == ASM_GLOBAL;
}

static void each_asm(struct names *names,
    void (*visit_call)(struct names *names, struct definition call),
    void (*visit_module)(struct names *names, struct module *module))
{
	struct linker *linker = names->linker;

	for (size_t i = 0; i < linker->asm_calls.count; i++)
		visit_call(names, linker->asm_calls.items[i]);
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			visit_module(names, &linker->modules[i]);
}

static void note_call(struct names *names, struct definition call)
{
	struct visit visit = {call.module, names};

	asm_each_word(asm_text_of(LLVMGetCalledValue(call.value)), note_word, &visit);
}

static void note_module_asm(struct names *names, struct module *module)
{
	struct visit visit = {module, names};

	asm_each_word(asm_text_of_module(module->ir), note_word, &visit);
}

/* Whether it is in the result, by a name. */
static bool is_linked(const struct linker *linker, LLVMValueRef global)
{
	return (map_has(&linker->live, global) || map_has(&linker->references, global)) &&
	       !is_llvm_global(global) && *value_name(global);
}

static void note_name(const struct visit *visit, const char *name)
{
	struct names *names = visit->names;

	if (!map_has(&asm_names_of(names, visit->module)->symbols, name))
		modules_of(names->linker, &names->of_symbols, name)->count++;
}

static void note_global(LLVMValueRef global, void *data)
{
	const struct visit *visit = data;

	if (!is_linked(visit->names->linker, global))
		return;
	note_name(visit, value_name(global));
	if (LLVMGetLinkage(global) != LLVMPrivateLinkage)
		return;
	char *in_object = xasprintf(".L%s", value_name(global));
	note_name(visit, in_object);
	free(in_object);
}

/* One that nothing has, nor asm means, where the name is in several modules; NULL where not. */
static const char *new_name(const struct module *module, struct map *all, const char *old_name)
{
	struct linker *linker = module->linker;
	struct modules_of_name *modules = modules_of(linker, all, old_name);
	char *name = NULL;

	if (modules->count < 2)
		return NULL;
	do {
		free(name);
		name = xasprintf("%s.%u", old_name, ++modules->last_number);
	} while (map_has(all, name) || module_find_global(module->ir, name));
	const char *kept = allocate_string(linker, name);
	free(name);
	modules_of(linker, all, kept)->count = 1;
	modules->count--;
	return kept;
}

/* Private ones have another name in the object than here, which asm cannot mean. */
static void rename_local(LLVMValueRef global, void *data)
{
	const struct visit *visit = data;
	struct names *names = visit->names;

	if (!is_local(global) || !is_linked(names->linker, global))
		return;
	const char *old_name = value_name(global), *renamed = NULL;
	struct asm_name *name = map_get(&asm_names_of(names, visit->module)->symbols, old_name);
	if (!name || !name->is_global)
		renamed = new_name(visit->module, &names->of_symbols, old_name);
	if (!renamed)
		return;
	if (name && LLVMGetLinkage(global) == LLVMInternalLinkage)
		name->new_name = renamed;
	else if (name) /* its asm means another one */
		modules_of(names->linker, &names->of_symbols, old_name)->count++;
	LLVMSetValueName2(global, renamed, strlen(renamed));
}

static void rename_labels(struct names *names, const struct module *module)
{
	const struct map *symbols = &asm_names_of(names, module)->symbols;

	for (size_t i = 0; i < symbols->count; i++) {
		const char *old_name = symbols->items[i].key;
		struct asm_name *name = symbols->items[i].value;
		if (name->is_label && !name->is_global && !name->new_name &&
		    !module_find_global(module->ir, old_name))
			name->new_name = new_name(module, &names->of_symbols, old_name);
	}
}

static void rename_macros(struct names *names, const struct module *module)
{
	struct map *macros = &asm_names_of(names, module)->macros;

	for (size_t i = 0; i < macros->count; i++)
		macros->items[i].value =
		    (void *)new_name(module, &names->of_macros, macros->items[i].key);
}

static void add_text(struct text *text, const char *added, const char *end)
{
	for (; added < end; added++)
		array_add(text, *added);
}

struct rewriting {
	const struct asm_names *names;
	struct text text;   /* as it is to be */
	const char *copied; /* up to here */
};

static void rewrite_word(const struct asm_word *word, void *data)
{
	struct rewriting *rewriting = data;
	const char *renamed = NULL;

	if (is_symbol(word)) {
		const struct asm_name *name = map_get(&rewriting->names->symbols, word->name);
		renamed = name ? name->new_name : NULL;
	} else if (word->name) {
		renamed = map_get(&rewriting->names->macros, word->name);
	}
	if (!renamed)
		return;
	const char *end = word->text + word->length, *suffix = renamed + strlen(word->name);
	add_text(&rewriting->text, rewriting->copied, end);
	add_text(&rewriting->text, suffix, suffix + strlen(suffix));
	rewriting->copied = end;
}

/* Returns whether it is another one; then its text is for the caller to free. */
static bool rewrite(const struct names *names, const struct module *module, struct asm_text text,
    struct text *rewritten)
{
	struct rewriting rewriting = {asm_names_of(names, module), {0}, text.text};

	asm_each_word(text, rewrite_word, &rewriting);
	if (rewriting.text.count)
		add_text(&rewriting.text, rewriting.copied, text.text + text.size);
	*rewritten = rewriting.text;
	return rewriting.text.count;
}

static void rewrite_call(struct names *names, struct definition call)
{
	LLVMValueRef assembly = LLVMGetCalledValue(call.value);
	struct text text;
	size_t size;

	if (!rewrite(names, call.module, asm_text_of(assembly), &text))
		return;
	const char *constraints = LLVMGetInlineAsmConstraintString(assembly, &size);
	LLVMValueRef rewritten = LLVMGetInlineAsm(LLVMGetInlineAsmFunctionType(assembly),
	    text.items, text.count, constraints, size, LLVMGetInlineAsmHasSideEffects(assembly),
	    LLVMGetInlineAsmNeedsAlignedStack(assembly), LLVMGetInlineAsmDialect(assembly),
	    LLVMGetInlineAsmCanUnwind(assembly));
	LLVMSetOperand(
	    call.value, LLVMGetNumOperands(call.value) - 1, rewritten); /* what is called */
	free(text.items);
}

static void rewrite_module_asm(struct names *names, struct module *module)
{
	struct text text;

	if (!rewrite(names, module, asm_text_of_module(module->ir), &text))
		return;
	LLVMSetModuleInlineAsm2(module->ir, text.items, text.count);
	free(text.items);
}

/* Live locals that the module's asm names; others, in other modules, see mark_as_used in link.c. */
static void mark_as_used(const struct names *names, const struct module *module)
{
	const struct map *symbols = &asm_names_of(names, module)->symbols;

	for (size_t i = 0; i < symbols->count; i++) {
		LLVMValueRef local = module_find_global(module->ir, symbols->items[i].key);
		if (local && LLVMGetLinkage(local) == LLVMInternalLinkage &&
		    map_has(&module->linker->live, local) && !used_has(module->used, local))
			used_add(module->used, local);
	}
	used_write(module->used);
}

void separate_asm_names(struct linker *linker)
{
	struct names names = {
	    .linker = linker,
	    .of_symbols.kind = MAP_OF_STRINGS,
	    .of_macros.kind = MAP_OF_STRINGS,
	};

	names.of_modules = xcalloc(linker->module_count, sizeof *names.of_modules);
	for (size_t i = 0; i < linker->module_count; i++)
		names.of_modules[i].symbols.kind = names.of_modules[i].macros.kind = MAP_OF_STRINGS;
	each_asm(&names, note_call, note_module_asm);
	if (!names.of_symbols.count && !names.of_macros.count)
		return;
	for (size_t i = 0; i < linker->module_count; i++) {
		struct visit visit = {&linker->modules[i], &names};
		if (!visit.module->takes_part)
			continue;
		mark_as_used(&names, visit.module);
		module_each_global(visit.module->ir, note_global, &visit);
	}
	/* the first module of several keeps the name, as with LLVM's linker */
	for (size_t i = linker->module_count; i--;) {
		struct visit visit = {&linker->modules[i], &names};
		if (!visit.module->takes_part)
			continue;
		module_each_global(visit.module->ir, rename_local, &visit);
		rename_labels(&names, visit.module);
		rename_macros(&names, visit.module);
	}
	each_asm(&names, rewrite_call, rewrite_module_asm);
}

struct references {
	struct module *module;
	void (*visit)(struct module *module, const char *name);
};

static void visit_reference(const struct asm_word *word, void *data)
{
	const struct references *references = data;

	if (is_symbol(word))
		references->visit(references->module, word->name);
}

void each_inline_asm_reference(struct module *module, LLVMValueRef instruction,
    void (*visit)(struct module *module, const char *name))
{
	LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
	struct references references = {module, visit};

	if ((opcode != LLVMCall && opcode != LLVMCallBr) ||
	    !LLVMIsAInlineAsm(LLVMGetCalledValue(instruction)))
		return;
	array_add(&module->linker->asm_calls, (struct definition){module, instruction});
	asm_each_word(asm_text_of(LLVMGetCalledValue(instruction)), visit_reference, &references);
}

void each_module_asm_reference(
    struct module *module, void (*visit)(struct module *module, const char *name))
{
	struct references references = {module, visit};

	asm_each_word(asm_text_of_module(module->ir), visit_reference, &references);
}
