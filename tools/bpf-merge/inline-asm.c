/* Asm that refers to functions and variables by their names: its text is all that says so.
 *
 * Of equally named locals in several modules, LLVM's linker renames all but one, and leaves the
 * text as it is, which then means another module's: so they are renamed before, in the text as
 * well. */
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

/* The locals that asm names. */
struct names {
	struct map locals; /* the name that it had, NULL where it keeps that */
	struct definitions in_order;
};

/* What may be more than a symbol there. */
static bool is_reserved(const char *word)
{
	static const char *const words[] = {"addr_space_cast", "as", "be16", "be32", "be64",
	    "bswap16", "bswap32", "bswap64", "call", "callx", "cmpxchg32_32", "cmpxchg_64", "exit",
	    "goto", "gotol", "gotox", "if", "ld_pseudo", "le16", "le32", "le64", "ll",
	    "load_acquire", "lock", "may_goto", "nop", "s16", "s32", "s64", "s8", "skb",
	    "store_release", "u16", "u32", "u64", "u8", "xchg32_32", "xchg_64"};
	size_t digits = strspn(word + 1, "0123456789");

	if (strchr("rw", *word) && digits && digits <= 2 && !word[1 + digits])
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(word, words[i]))
			return true;
	return !strncmp(word, "atomic_fetch_", strlen("atomic_fetch_"));
}

/* What LLVM's assembler takes for one; in the text of inline asm, operands begin with `$`. */
static size_t word_length(const char *text, size_t size)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$@";
	size_t length = 0;

	while (length < size && text[length] && strchr(letters, text[length]))
		length++;
	return length;
}

/* Calls visit for each word, and for each character between them, which is one of length 0. */
static void each_word(const char *text, size_t size,
    void (*visit)(const char *word, size_t length, void *data), void *data)
{
	size_t length;

	for (size_t i = 0; i < size; i += length ? length : 1) {
		length = word_length(text + i, size - i);
		visit(text + i, length, data);
	}
}

static void each_word_of_call(
    LLVMValueRef call, void (*visit)(const char *word, size_t length, void *data), void *data)
{
	size_t size;
	const char *text = LLVMGetInlineAsmAsmString(LLVMGetCalledValue(call), &size);

	each_word(text, size, visit, data);
}

struct visit {
	struct module *module;
	struct names *names;
	struct text text; /* as it is to be */
	bool changes;
};

/* Private ones have another name in the object than here. */
static void add_local(const char *word, size_t length, void *data)
{
	struct visit *visit = data;
	struct module *module = visit->module;
	char *name = xstrndup(word, length);
	LLVMValueRef local = length ? module_find_global(module->ir, name) : NULL;

	if (local && LLVMGetLinkage(local) == LLVMInternalLinkage && !is_reserved(name) &&
	    map_has(&module->linker->live, local) && map_add(&visit->names->locals, local))
		array_add(&visit->names->in_order, (struct definition){module, local});
	free(name);
}

static void add_text(struct text *text, const char *added, size_t length)
{
	for (size_t i = 0; i < length; i++)
		array_add(text, added[i]);
}

static void rewrite_word(const char *word, size_t length, void *data)
{
	struct visit *visit = data;

	for (size_t i = 0; length && i < visit->names->in_order.count; i++) {
		struct definition local = visit->names->in_order.items[i];
		const char *old_name = map_get(&visit->names->locals, local.value);
		if (local.module != visit->module || !old_name || strlen(old_name) != length ||
		    memcmp(word, old_name, length))
			continue;
		visit->changes = true;
		word = value_name(local.value);
		length = strlen(word);
		break;
	}
	add_text(&visit->text, word, length ? length : 1);
}

static void rewrite(struct names *names, struct definition call)
{
	LLVMValueRef assembly = LLVMGetCalledValue(call.value);
	struct visit visit = {.module = call.module, .names = names};
	size_t size;

	each_word_of_call(call.value, rewrite_word, &visit);
	if (visit.changes) {
		const char *constraints = LLVMGetInlineAsmConstraintString(assembly, &size);
		LLVMValueRef rewritten = LLVMGetInlineAsm(LLVMGetInlineAsmFunctionType(assembly),
		    visit.text.items, visit.text.count, constraints, size,
		    LLVMGetInlineAsmHasSideEffects(assembly),
		    LLVMGetInlineAsmNeedsAlignedStack(assembly), LLVMGetInlineAsmDialect(assembly),
		    LLVMGetInlineAsmCanUnwind(assembly));
		LLVMSetOperand(
		    call.value, LLVMGetNumOperands(call.value) - 1, rewritten); /* what is called */
	}
	free(visit.text.items);
}

/* Whether one of the other modules brings the name into the result. */
static bool is_taken(const struct module *module, const char *name)
{
	const struct linker *linker = module->linker;

	for (size_t i = 0; i < linker->module_count; i++) {
		const struct module *other = &linker->modules[i];
		LLVMValueRef global = other->takes_part && other != module
					  ? module_find_global(other->ir, name)
					  : NULL;
		if (global &&
		    (map_has(&linker->live, global) || map_has(&linker->references, global)))
			return true;
	}
	return false;
}

static bool is_anywhere(const struct linker *linker, const char *name)
{
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part &&
		    module_find_global(linker->modules[i].ir, name))
			return true;
	return false;
}

static void rename_local(struct names *names, struct definition local)
{
	const struct linker *linker = local.module->linker;
	char *old_name = xstrdup(value_name(local.value)), *name = NULL;
	unsigned number = 0;

	do {
		free(name);
		name = xasprintf("%s.%u", old_name, ++number);
	} while (is_anywhere(linker, name));
	LLVMSetValueName2(local.value, name, strlen(name));
	*map_insert(&names->locals, local.value) = old_name;
	free(name);
}

static void rename_locals(struct names *names, const struct module *module)
{
	for (size_t i = 0; i < names->in_order.count; i++) {
		struct definition local = names->in_order.items[i];
		if (local.module == module && is_taken(module, value_name(local.value)))
			rename_local(names, local);
	}
}

struct references {
	struct module *module;
	void (*visit)(struct module *module, const char *name);
};

static void visit_reference(const char *word, size_t length, void *data)
{
	const struct references *references = data;
	char *name = xstrndup(word, length);

	if (length && !is_reserved(name))
		references->visit(references->module, name);
	free(name);
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
	each_word_of_call(instruction, visit_reference, &references);
}

void each_module_asm_reference(
    struct module *module, void (*visit)(struct module *module, const char *name))
{
	struct references references = {module, visit};
	size_t size;
	const char *text = LLVMGetModuleInlineAsm(module->ir, &size);

	each_word(text, size, visit_reference, &references);
}

static void mark_as_used(struct definition local)
{
	struct used *used = local.module->used;

	if (used_has(used, local.value))
		return;
	used_add(used, local.value);
	used_write(used);
}

void separate_asm_names(struct linker *linker)
{
	struct names names = {.locals.kind = MAP_OF_POINTERS};

	for (size_t i = 0; i < linker->asm_calls.count; i++) {
		struct definition call = linker->asm_calls.items[i];
		struct visit visit = {.module = call.module, .names = &names};
		each_word_of_call(call.value, add_local, &visit);
	}
	for (size_t i = 0; i < names.in_order.count; i++)
		mark_as_used(names.in_order.items[i]);
	/* the first module of several keeps the name, as with LLVM's linker */
	for (size_t i = names.in_order.count ? linker->module_count : 0; i--;)
		rename_locals(&names, &linker->modules[i]);
	for (size_t i = 0; names.in_order.count && i < linker->asm_calls.count; i++)
		rewrite(&names, linker->asm_calls.items[i]);
}
