/* Sections that variables of several modules share: a loader takes each for one, with one content
 * of license and version, and LLVM makes two of one name where flags differ. */
#include "byte-order.h"
#include "exports.h"
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "used.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <string.h>

enum { LICENSE_SECTION, VERSION_SECTION, SINGLE_COUNT };
static const char *const single_sections[SINGLE_COUNT] = {"license", "version"};

/* Of a section of the result. */
struct section {
	const struct module *module; /* of the first variable */
	bool is_constant;            /* the first variable is */
	bool differs;                /* another module's is otherwise */
};

struct sections {
	struct linker *linker;
	struct map by_name;                    /* struct section */
	struct definition first[SINGLE_COUNT]; /* what is kept */
};

/* An index into them; SINGLE_COUNT of what is in no such section. */
static int single_section(LLVMValueRef global)
{
	const char *section = LLVMIsAGlobalVariable(global) ? LLVMGetSection(global) : NULL;
	int i = 0;

	while (i < SINGLE_COUNT && (!section || strcmp(section, single_sections[i])))
		i++;
	return i;
}

/* The number that the bytes are, of at most eight. */
static unsigned long long number_of(LLVMModuleRef ir, const char *bytes, size_t length)
{
	bool is_big = is_big_endian_module(ir);
	unsigned long long number = 0;

	for (size_t i = 0; i < length; i++)
		number = number << 8 | (unsigned char)bytes[is_big ? i : length - 1 - i];
	return number;
}

/* What a loader reads: the text up to its NUL, or the number. Rust has structs around them, and
 * bytes for numbers. */
static char *content_of(LLVMValueRef variable)
{
	bool is_version = single_section(variable) == VERSION_SECTION;
	LLVMValueRef content = LLVMGetInitializer(variable);
	size_t length;

	while (LLVMIsAConstantStruct(content) && LLVMGetNumOperands(content) == 1)
		content = LLVMGetOperand(content, 0);
	if (LLVMIsNull(content))
		return xstrdup(is_version ? "0" : "\"\"");
	if (LLVMIsAConstantInt(content) && LLVMGetIntTypeWidth(LLVMTypeOf(content)) <= 64)
		return xasprintf("%llu", LLVMConstIntGetZExtValue(content));
	if (LLVMIsAConstantDataSequential(content) && LLVMIsConstantString(content)) {
		const char *text = LLVMGetAsString(content, &length);
		if (is_version && length <= 8)
			return xasprintf(
			    "%llu", number_of(LLVMGetGlobalParent(variable), text, length));
		return xasprintf("\"%.*s\"", (int)strnlen(text, length), text);
	}
	char *printed = LLVMPrintValueToString(content);
	char *copy = xstrdup(printed);
	LLVMDisposeMessage(printed);
	return copy;
}

bool is_same_license(struct definition first, struct definition other)
{
	int section = single_section(other.value);

	if (section == SINGLE_COUNT || single_section(first.value) != section)
		return false;
	if (LLVMGetInitializer(first.value) == LLVMGetInitializer(other.value))
		return true;
	const char *content = content_of(first.value), *other_content = content_of(other.value);
	if (strcmp(content, other_content))
		fail("%s: %ss differ: '%s' is %s, but '%s' in %s is %s; a program has one %s",
		    input_name(other.module), single_sections[section], value_name(other.value),
		    other_content, value_name(first.value), input_name(first.module), content,
		    single_sections[section]);
	return true;
}

static bool is_used_array(LLVMValueRef constant)
{
	if (!LLVMIsAConstantArray(constant))
		return false;
	for (LLVMUseRef use = LLVMGetFirstUse(constant); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (!LLVMIsAGlobalVariable(user) || LLVMGetLinkage(user) != LLVMAppendingLinkage)
			return false;
	}
	return true;
}

/* Whether another module refers to the symbol, or asm, or the user. */
static bool is_referenced_symbol(struct definition variable)
{
	struct linker *linker = variable.module->linker;
	const struct symbol *symbol = symbol_of(linker, value_name(variable.value));

	if (is_exported(symbol->name) || map_has(&linker->asm_named, symbol->name) ||
	    (symbol->use && symbol->use->module != variable.module))
		return true;
	for (size_t i = 0; i < linker->uses.count; i++)
		if (!strcmp(value_name(linker->uses.items[i].reference), symbol->name))
			return true;
	return false;
}

static bool is_referenced(struct definition variable)
{
	for (LLVMUseRef use = LLVMGetFirstUse(variable.value); use; use = LLVMGetNextUse(use))
		if (!is_used_array(LLVMGetUser(use)))
			return true;
	return is_local(variable.value)
		   ? map_has(&variable.module->linker->asm_locals, variable.value)
		   : is_referenced_symbol(variable);
}

static void drop(struct definition variable, struct definition kept)
{
	struct linker *linker = variable.module->linker;

	used_remove(variable.module->used, variable.value);
	map_add(&linker->nonprevailing, variable.value);
	if (is_local(variable.value))
		return;
	struct symbol *symbol = symbol_of(linker, value_name(variable.value));
	symbol->module = kept.module;
	symbol->definition = kept.value;
}

/* Of two in one module the compiler's object has both, too. */
static void keep_one(struct definition *first, struct definition other)
{
	if (!first->value)
		*first = other;
	if (first->module == other.module || !is_same_license(*first, other))
		return;
	if (!is_referenced(other)) {
		drop(other, *first);
	} else if (!is_referenced(*first)) {
		drop(*first, other);
		*first = other;
	}
}

static void compare_flags(struct sections *sections, struct definition variable)
{
	void **slot = map_insert(&sections->by_name, LLVMGetSection(variable.value));
	bool is_constant = LLVMIsGlobalConstant(variable.value);
	struct section *section = *slot;

	if (!section) {
		section = *slot = allocate(sections->linker, sizeof *section);
		section->module = variable.module;
		section->is_constant = is_constant;
	}
	section->differs |=
	    section->module != variable.module && section->is_constant != is_constant;
}

/* Whether it is linked, and the section is one that its source names. */
static bool has_own_section(const struct linker *linker, LLVMValueRef variable)
{
	const char *section = LLVMGetSection(variable);

	return section && *section && map_has(&linker->live, variable) &&
	       !map_has(&linker->nonprevailing, variable) && !LLVMIsDeclaration(variable);
}

static void each_variable(
    struct sections *sections, void (*visit)(struct sections *, struct definition))
{
	struct linker *linker = sections->linker;

	for (size_t i = 0; i < linker->module_count; i++) {
		struct module *module = &linker->modules[i];
		if (!module->takes_part)
			continue;
		for (LLVMValueRef variable = LLVMGetFirstGlobal(module->ir); variable;
		    variable = LLVMGetNextGlobal(variable))
			if (has_own_section(linker, variable))
				visit(sections, (struct definition){module, variable});
	}
}

static void visit_single(struct sections *sections, struct definition variable)
{
	int section = single_section(variable.value);

	if (section < SINGLE_COUNT)
		keep_one(&sections->first[section], variable);
}

static void make_writable(struct sections *sections, struct definition variable)
{
	const struct section *section = map_get(&sections->by_name, LLVMGetSection(variable.value));

	if (section->differs)
		LLVMSetGlobalConstant(variable.value, false);
}

void unify_sections(struct linker *linker)
{
	struct sections sections = {.linker = linker, .by_name.kind = MAP_OF_STRINGS};

	each_variable(&sections, visit_single);
	each_variable(&sections, compare_flags);
	each_variable(&sections, make_writable);
}
