/* Asm that refers to functions and variables by their names: its text is all that says so.
 *
 * Of equally named locals in several modules, LLVM's linker renames all but one, and leaves the
 * text as it is, which then means another module's. Labels that asm defines are in no symbol table,
 * and would be there twice. So all these are renamed before, in the text as well, and LLVM finds
 * none to rename. */
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

/* Names in the result. */
struct names {
	struct linker *linker;
	struct map *of_modules; /* of each one's asm: struct asm_name */
	struct map modules;     /* by name: struct modules_of_name */
};

struct modules_of_name {
	size_t count;         /* modules that bring it, or mean what another one has */
	unsigned last_number; /* behind it, of those that are renamed */
};

struct visit {
	struct module *module;
	struct names *names;
};

static struct map *asm_names_of(const struct names *names, const struct module *module)
{
	return &names->of_modules[module - module->linker->modules];
}

static struct modules_of_name *modules_of(struct names *names, const char *name)
{
	void **slot = map_find(&names->modules, name);

	if (!slot) {
		struct modules_of_name *modules = allocate(names->linker, sizeof *modules);
		slot = map_insert(&names->modules, allocate_string(names->linker, name));
		*slot = modules;
	}
	return *slot;
}

static void note_word(const struct asm_word *word, void *data)
{
	const struct visit *visit = data;
	struct map *of_module = asm_names_of(visit->names, visit->module);
	struct linker *linker = visit->names->linker;

	if (!word->name || word->role == ASM_MACRO)
		return;
	struct asm_name *name = map_get(of_module, word->name);
	if (!name) {
		name = allocate(linker, sizeof *name);
		*map_insert(of_module, allocate_string(linker, word->name)) = name;
		modules_of(visit->names, word->name)->count++;
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

static void note_global(LLVMValueRef global, void *data)
{
	const struct visit *visit = data;

	if (is_linked(visit->names->linker, global) &&
	    !map_has(asm_names_of(visit->names, visit->module), value_name(global)))
		modules_of(visit->names, value_name(global))->count++;
}

/* A name that nothing has, nor asm means. */
static const char *new_name(struct names *names, const struct module *module, const char *old_name)
{
	struct modules_of_name *modules = modules_of(names, old_name);
	char *name = NULL;

	do {
		free(name);
		name = xasprintf("%s.%u", old_name, ++modules->last_number);
	} while (map_has(&names->modules, name) || module_find_global(module->ir, name));
	const char *kept = allocate_string(names->linker, name);
	free(name);
	modules_of(names, kept)->count = 1;
	modules->count--;
	return kept;
}

/* Private ones have another name in the object than here, which asm cannot mean. */
static void rename_local(LLVMValueRef global, void *data)
{
	const struct visit *visit = data;

	if (!is_local(global) || !is_linked(visit->names->linker, global))
		return;
	const char *old_name = value_name(global);
	struct asm_name *name = map_get(asm_names_of(visit->names, visit->module), old_name);
	if (modules_of(visit->names, old_name)->count < 2 || (name && name->is_global))
		return;
	const char *renamed = new_name(visit->names, visit->module, old_name);
	if (name && LLVMGetLinkage(global) == LLVMInternalLinkage)
		name->new_name = renamed;
	LLVMSetValueName2(global, renamed, strlen(renamed));
}

static void rename_labels(struct names *names, const struct module *module)
{
	const struct map *of_module = asm_names_of(names, module);

	for (size_t i = 0; i < of_module->count; i++) {
		const char *old_name = of_module->items[i].key;
		struct asm_name *name = of_module->items[i].value;
		if (name->is_label && !name->is_global && !name->new_name &&
		    modules_of(names, old_name)->count > 1 &&
		    !module_find_global(module->ir, old_name))
			name->new_name = new_name(names, module, old_name);
	}
}

static void add_text(struct text *text, const char *added, const char *end)
{
	for (; added < end; added++)
		array_add(text, *added);
}

struct rewriting {
	const struct map *names;
	struct text text;   /* as it is to be */
	const char *copied; /* up to here */
};

static void rewrite_word(const struct asm_word *word, void *data)
{
	struct rewriting *rewriting = data;
	const struct asm_name *name =
	    word->name && word->role != ASM_MACRO ? map_get(rewriting->names, word->name) : NULL;

	if (!name || !name->new_name)
		return;
	const char *end = word->text + word->length, *suffix = name->new_name + strlen(word->name);
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
	const struct map *of_module = asm_names_of(names, module);

	for (size_t i = 0; i < of_module->count; i++) {
		LLVMValueRef local = module_find_global(module->ir, of_module->items[i].key);
		if (local && LLVMGetLinkage(local) == LLVMInternalLinkage &&
		    map_has(&module->linker->live, local) && !used_has(module->used, local))
			used_add(module->used, local);
	}
	used_write(module->used);
}

void separate_asm_names(struct linker *linker)
{
	struct names names = {.linker = linker, .modules.kind = MAP_OF_STRINGS};

	names.of_modules = xcalloc(linker->module_count, sizeof *names.of_modules);
	for (size_t i = 0; i < linker->module_count; i++)
		names.of_modules[i].kind = MAP_OF_STRINGS;
	each_asm(&names, note_call, note_module_asm);
	if (!names.modules.count)
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

	if (word->name && word->role != ASM_MACRO)
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
