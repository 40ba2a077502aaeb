/* Symbols that module asm defines, which LLVM-C does not tell: labels that a directive makes
 * global. */
#include "asm-text.h"
#include "linker.h"

struct symbols {
	struct linker *linker;
	struct map defined, global;
};

static void note_symbol(const struct asm_word *word, void *data)
{
	struct symbols *symbols = data;

	if (!word->name)
		return;
	if (word->role == ASM_LABEL || word->role == ASM_DEFINITION)
		map_add(&symbols->defined, allocate_string(symbols->linker, word->name));
	if (word->role == ASM_GLOBAL)
		map_add(&symbols->global, allocate_string(symbols->linker, word->name));
}

void each_asm_symbol(struct module *module, void (*visit)(struct module *module, const char *name))
{
	struct symbols symbols = {
	    .linker = module->linker,
	    .defined.kind = MAP_OF_STRINGS,
	    .global.kind = MAP_OF_STRINGS,
	};

	asm_each_word(asm_text_of_module(module->ir), note_symbol, &symbols);
	for (size_t i = 0; i < symbols.global.count; i++)
		if (map_has(&symbols.defined, symbols.global.items[i].key))
			visit(module, symbols.global.items[i].key);
}
