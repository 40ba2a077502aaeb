#include "link-map.h"
#include "demangle.h"
#include "elf-fields.h"
#include "escape.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "notes.h"
#include "origin.h"
#include "stack-size.h"
#include "why.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_OF_INSTRUCTION = 8 };
static const long long unknown = -1;
static const char internal[] = "<internal>"; /* the input of what bpf-codegen has brought */

/* A line of the map. */
struct row {
	long long offset, size, instructions, stack;
	const char *kind, *section, *input, *symbol, *note;
};

static struct {
	ARRAY(struct row);
} rows;

static struct map inputs = {
    .kind = MAP_OF_STRINGS}; /* of each definition that was linked, by its name as one word */
static struct map inlined = {
    .kind = MAP_OF_STRINGS}; /* by function: those into which it was inlined */
static struct map pairs = {.kind = MAP_OF_STRINGS}; /* of these, `FUNCTION INTO` */
struct dropped {
	const char *name, *input;
};
static struct {
	ARRAY(struct dropped);
} dropped;         /* what was not linked */
static bool noted; /* there are notes */

static struct map present = {
    .kind = MAP_OF_STRINGS}; /* what the output has, and rows were added of */

/* Notes */

static void note_inlined(const char *function, const char *into)
{
	void **pair = map_insert(&pairs, xasprintf("%s %s", function, into));
	char *plain = demangle(into);

	if (*pair)
		return;
	*pair = (void *)into;
	void **all = map_insert(&inlined, function);
	*all = *all ? xasprintf("%s, %s", (char *)*all, plain ? plain : into)
		    : (void *)(plain ? plain : into);
}

static void take_note(enum note_kind kind, const char *name, const char *other)
{
	switch (kind) {
	case NOTE_FUNCTION:
	case NOTE_VARIABLE:
		*map_insert(&inputs, name) = (void *)other;
		break;
	case NOTE_INLINED:
		note_inlined(name, other);
		break;
	case NOTE_DROPPED:
		array_add(&dropped, (struct dropped){name, other});
		break;
	}
}

void link_map_take_notes(LLVMModuleRef module)
{
	noted = notes_take(module, take_note);
}

/* Rows */

static struct row *add_row(const char *kind, const char *symbol)
{
	array_add(&rows, (struct row){.offset = unknown,
			     .size = unknown,
			     .instructions = unknown,
			     .stack = unknown,
			     .kind = kind,
			     .symbol = symbol});
	return &rows.items[rows.count - 1];
}

/* Where a definition of the output comes from; NULL where that is not known. */
static const char *input_of(LLVMModuleRef module, const char *name, const char *word)
{
	const char *input = map_get(&inputs, word);
	LLVMValueRef function = LLVMGetNamedFunction(module, name);

	if (!input && function && *origin_input(function))
		input = escape(origin_input(function), " ");
	else if (!input && noted && function && LLVMGetFirstBasicBlock(function))
		input = internal;
	return input;
}

/* `PATH; inlined into FUNCTION, ...`, as far as there is something to say. */
static const char *note_of(const char *symbol, const char *word)
{
	char *plain = demangle(symbol);
	const char *into = map_get(&inlined, word);
	char *note = xasprintf("%s%s%s%s", plain ? plain : "", plain && into ? "; " : "",
	    into ? "inlined into " : "", into ? into : "");

	free(plain);
	return *note ? escape(note, "") : NULL;
}

static struct row *add_definition(LLVMModuleRef module, bool is_code, const char *name)
{
	char *word = escape(name, " ");
	struct row *row = add_row(is_code ? "function" : "variable", word);
	unsigned stack;

	*map_insert(&present, word) = word;
	row->input = input_of(module, name, word);
	row->note = note_of(name, word);
	if (is_code && stack_size_of(name, &stack))
		row->stack = stack;
	return row;
}

/* The object */

static struct object {
	const unsigned char *data;
	bool is_big;
	const Elf64_Shdr *sections;
	size_t section_count;
	const char *section_names;
	const Elf64_Sym *symbols;
	size_t symbol_count;
	const char *symbol_names;
	const uint32_t
	    *indexes; /* of the symbols' sections, where these are too many for a symbol */
} object;

static uint64_t get64(uint64_t value)
{
	return field64(object.is_big, value);
}

static uint32_t get32(uint32_t value)
{
	return field32(object.is_big, value);
}

static uint16_t get16(uint16_t value)
{
	return field16(object.is_big, value);
}

static const void *contents(size_t section)
{
	return object.data + get64(object.sections[section].sh_offset);
}

static void read_tables(void)
{
	for (size_t i = 0; i < object.section_count; i++) {
		const Elf64_Shdr *section = &object.sections[i];
		if (get32(section->sh_type) == SHT_SYMTAB_SHNDX)
			object.indexes = contents(i);
		if (get32(section->sh_type) != SHT_SYMTAB)
			continue;
		object.symbols = contents(i);
		object.symbol_count = get64(section->sh_size) / sizeof *object.symbols;
		object.symbol_names = contents(get32(section->sh_link));
	}
}

static void read_object(const unsigned char *data)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;

	object = (struct object){.data = data, .is_big = data[EI_DATA] == ELFDATA2MSB};
	object.sections = (const Elf64_Shdr *)(data + get64(header->e_shoff));
	object.section_count = get16(header->e_shnum);
	size_t names = get16(header->e_shstrndx);
	/* where there are too many for the header */
	if (!object.section_count)
		object.section_count = get64(object.sections->sh_size);
	if (names == SHN_XINDEX)
		names = get32(object.sections->sh_link);
	object.section_names = contents(names);
	read_tables();
}

/* A symbol of something that is defined, and not of a position in a function, say. */
struct defined {
	const Elf64_Sym *symbol;
	size_t section;
};

static size_t section_of(const Elf64_Sym *symbol)
{
	size_t section = get16(symbol->st_shndx);

	return section == SHN_XINDEX && object.indexes
		   ? get32(object.indexes[symbol - object.symbols])
		   : section;
}

static bool is_definition(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return type == STT_FUNC || type == STT_OBJECT ||
	       (type == STT_NOTYPE && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct defined *first = a, *second = b;
	uint64_t address = get64(first->symbol->st_value), other = get64(second->symbol->st_value);

	if (first->section != second->section)
		return first->section < second->section ? -1 : 1;
	if (address != other)
		return address < other ? -1 : 1;
	return first->symbol < second->symbol ? -1 : 1;
}

/* Those of all sections, one section after the other, each in order. */
static struct defined *sort_definitions(size_t *count)
{
	struct defined *all = xcalloc(object.symbol_count + 1, sizeof *all);

	*count = 0;
	for (size_t i = 1; i < object.symbol_count; i++)
		if (is_definition(&object.symbols[i]))
			all[(*count)++] =
			    (struct defined){&object.symbols[i], section_of(&object.symbols[i])};
	qsort(all, *count, sizeof *all, compare_addresses);
	return all;
}

/* Module asm need not say what its symbols are. */
static bool is_function(LLVMModuleRef module, const struct defined *defined, const char *name)
{
	unsigned type = ELF64_ST_TYPE(defined->symbol->st_info);

	return type == STT_FUNC || LLVMGetNamedFunction(module, name) ||
	       (type == STT_NOTYPE &&
		   get64(object.sections[defined->section].sh_flags) & SHF_EXECINSTR);
}

static void add_symbol(LLVMModuleRef module, const struct defined *defined, const char *section)
{
	const char *name = object.symbol_names + get32(defined->symbol->st_name);
	bool is_code = is_function(module, defined, name);
	struct row *row = add_definition(module, is_code, name);

	row->section = section;
	row->offset = get64(defined->symbol->st_value);
	row->size = get64(defined->symbol->st_size);
	if (is_code)
		row->instructions = row->size / BYTES_OF_INSTRUCTION;
}

static void add_sections(LLVMModuleRef module)
{
	size_t count, next = 0;
	struct defined *all = sort_definitions(&count);

	for (size_t i = 1; i < object.section_count; i++) {
		const char *name =
		    escape(object.section_names + get32(object.sections[i].sh_name), " ");
		struct row *row = add_row("section", NULL);
		row->section = name;
		row->size = get64(object.sections[i].sh_size);
		while (next < count && all[next].section < i)
			next++; /* undefined ones */
		for (; next < count && all[next].section == i; next++)
			add_symbol(module, &all[next], name);
	}
	free(all);
}

static void add_undefined(const char *name)
{
	struct row *row = add_row("undefined", escape(name, " "));

	row->note = note_of(name, row->symbol);
}

static void add_undefined_of_object(void)
{
	for (size_t i = 1; i < object.symbol_count; i++) {
		const char *name = object.symbol_names + get32(object.symbols[i].st_name);
		if (get16(object.symbols[i].st_shndx) == SHN_UNDEF && *name)
			add_undefined(name);
	}
}

/* What has no symbol in the output: private constants. Of assembly and IR, all. */
static void add_without_symbol(LLVMValueRef global, void *module)
{
	const char *name = value_name(global);
	char *word = escape(name, " ");
	bool is_variable = LLVMIsAGlobalVariable(global);

	if (!LLVMIsDeclaration(global) && *name && strncmp(name, "llvm.", 5) &&
	    !map_find(&present, word)) {
		struct row *row = add_definition(module, !is_variable, name);
		const char *section = LLVMIsAGlobalObject(global) ? LLVMGetSection(global) : NULL;
		row->section = section && *section ? escape(section, " ") : NULL;
		if (is_variable)
			row->size = LLVMABISizeOfType(
			    LLVMGetModuleDataLayout(module), LLVMGlobalGetValueType(global));
	}
	free(word);
}

static void add_undefined_of_module(LLVMValueRef global, void *data)
{
	const char *name = value_name(global);

	(void)data;
	if (LLVMIsDeclaration(global) && LLVMGetFirstUse(global) && strncmp(name, "llvm.", 5))
		add_undefined(name);
}

/* What was linked, and what was not. */
static void add_absent(void)
{
	for (size_t i = 0; i < inputs.count; i++) {
		const char *name = inputs.items[i].key;
		if (map_find(&present, name))
			continue;
		struct row *row = add_row(map_get(&inlined, name) ? "inlined" : "dropped", name);
		row->input = inputs.items[i].value;
		row->note = note_of(name, name);
	}
	for (size_t i = 0; i < dropped.count; i++) {
		struct row *row = add_row("dropped", dropped.items[i].name);
		row->input = dropped.items[i].input;
		row->note = note_of(dropped.items[i].name, "");
	}
}

void link_map_gather(LLVMModuleRef module, const void *data)
{
	if (data) {
		read_object(data);
		add_sections(module);
	}
	module_each_global(module, add_without_symbol, module);
	if (data)
		add_undefined_of_object();
	else
		module_each_global(module, add_undefined_of_module, NULL);
	add_absent();
}

/* Writing */

/* Longer ones move what is behind them. */
enum { WIDEST = 40 };

static int width_of(size_t offset)
{
	int widest = 8;

	for (size_t i = 0; i < rows.count; i++) {
		const char *text = *(const char **)((char *)&rows.items[i] + offset);
		int width = text ? strlen(text) : 0;
		if (width > widest && width <= WIDEST)
			widest = width;
	}
	return widest;
}

static const char *or_none(const char *text)
{
	return text && *text ? text : "-";
}

static const char *number(long long value, char *text)
{
	if (value == unknown)
		return "-";
	sprintf(text, "%lld", value);
	return text;
}

void link_map_write(struct output *output)
{
	int section = width_of(offsetof(struct row, section));
	int input = width_of(offsetof(struct row, input));
	char *line = xasprintf("%8s %8s %8s %6s %-9s %-*s %-*s Symbol Note\n", "Offset", "Size",
	    "Insns", "Stack", "Kind", section, "Section", input, "Input");

	output_write(output, line, strlen(line));
	free(line);
	for (size_t i = 0; i < rows.count; i++) {
		const struct row *row = &rows.items[i];
		char texts[4][24];
		line = xasprintf("%8s %8s %8s %6s %-9s %-*s %-*s %s%s%s\n",
		    number(row->offset, texts[0]), number(row->size, texts[1]),
		    number(row->instructions, texts[2]), number(row->stack, texts[3]), row->kind,
		    section, or_none(row->section), input, or_none(row->input),
		    or_none(row->symbol), row->note ? " " : "", row->note ? row->note : "");
		output_write(output, line, strlen(line));
		free(line);
	}
}

/* --why */

/* LLVM's linker tells static functions of one name apart by a number. */
static char *without_number(const char *symbol)
{
	size_t length = strlen(symbol);

	while (length && symbol[length - 1] >= '0' && symbol[length - 1] <= '9')
		length--;
	return xstrndup(symbol, length && symbol[length - 1] == '.' ? length - 1 : strlen(symbol));
}

static bool is_meant(const char *symbol)
{
	char *plain = without_number(symbol);
	bool meant = false;

	for (size_t i = 0; i < why_names.count; i++)
		meant |=
		    why_means(why_names.items[i], symbol) || why_means(why_names.items[i], plain);
	free(plain);
	return meant;
}

void link_map_explain(void)
{
	for (size_t i = 0; i < rows.count; i++) {
		const struct row *row = &rows.items[i];
		if (row->input == internal && is_meant(row->symbol))
			why_print_state("live", internal, row->symbol,
			    "bpf-codegen supplied it for calls that it generates");
	}
	for (size_t i = 0; i < inputs.count; i++) {
		const char *name = inputs.items[i].key, *into = map_get(&inlined, name);
		if (map_find(&present, name) || !is_meant(name))
			continue;
		if (into)
			why_print_state(
			    "inlined", inputs.items[i].value, name, xasprintf("into %s", into));
		else
			why_print_state("dropped", inputs.items[i].value, name,
			    "optimized out: no use of it is left");
	}
	why_flush();
}
