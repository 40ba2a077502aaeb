/* The modules, and symbols in them. */
#include "random-program.h"

uint64_t random_state;
const char *directory;
struct module modules[MODULES];
int module_count, input_count;
struct symbol symbols[SYMBOLS];
int symbol_count;
bool exports_given, archives_last, aliases_of_lost;
FILE *out;

/* Chance */

uint32_t random_word(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) >> 32;
}

int below(int bound)
{
	return random_word() % bound;
}

bool percent(int chance)
{
	return below(100) < chance;
}

/* Modules */

bool takes_part(int module)
{
	return modules[module].role != UNNEEDED;
}

bool is_member(int module)
{
	return modules[module].role != INPUT;
}

/* In the order of the command line, inputs before members: which is that of weak definitions. */
void make_modules(void)
{
	int in_first_archive;
	bool btf = percent(50);

	/* few more often than many: compiling them is what takes time */
	module_count = 2 + below(1 + below(MODULES - 1));
	input_count = 1 + below(module_count < 4 ? module_count : 3);
	in_first_archive = below(module_count - input_count + 1);
	for (int i = 0; i < module_count; i++) {
		struct module *module = &modules[i];
		int chance = below(100);
		if (i < input_count)
			module->role = INPUT;
		else
			module->role = chance < 60 ? NEEDED : chance < 85 ? UNNEEDED : USED_ONLY;
		module->archive = i - input_count >= in_first_archive;
		module->level = below(3);
		/* BTF wants debug info everywhere */
		module->debug = btf || percent(30);
		module->called_by_input = percent(60);
	}
	exports_given = percent(60);
	archives_last = percent(50);
	aliases_of_lost = percent(10);
	if (btf)
		fprintf(out, "option --btf\n");
}

/* Symbols */

struct symbol *add_symbol(enum shape shape, int local, const char *name, ...)
{
	struct symbol *symbol = &symbols[symbol_count++];
	va_list arguments;

	if (symbol_count == SYMBOLS)
		abort();
	va_start(arguments, name);
	vsnprintf(symbol->name, sizeof symbol->name, name, arguments);
	va_end(arguments);
	symbol->shape = shape;
	symbol->local = symbol->winner = local;
	symbol->alias_of = symbol->alias = -1;
	if (local >= 0)
		symbol->linkage[local] = STRONG;
	return symbol;
}

bool has_local(int module, const char *name)
{
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].local == module && !strcmp(symbols[i].name, name))
			return true;
	return false;
}

void set_winner(struct symbol *symbol)
{
	static const enum linkage strengths[] = {STRONG, COMMON, WEAK};

	symbol->winner = -1;
	for (int i = 0; i < 3; i++)
		for (int m = 0; m < module_count; m++)
			if (symbol->winner < 0 && takes_part(m) &&
			    symbol->linkage[m] == strengths[i])
				symbol->winner = m;
}

int random_module_for_definition(void)
{
	int module;

	do
		module = below(module_count);
	while (modules[module].role == USED_ONLY && !percent(10));
	return module;
}

/* A member that nothing needs may define what an earlier file does. */
static bool may_repeat(const struct symbol *symbol, int unneeded)
{
	for (int m = 0; m < unneeded; m++)
		if ((symbol->linkage[m] == STRONG || symbol->linkage[m] == WEAK) &&
		    (modules[m].role == INPUT ||
			(modules[m].role == NEEDED && modules[m].called_by_input)))
			return true;
	return false;
}

void repeat_in_unneeded(struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++)
		if (!takes_part(m) && symbol->linkage[m] == NONE && may_repeat(symbol, m) &&
		    percent(40)) {
			symbol->linkage[m] = percent(50) ? STRONG : WEAK;
			modules[m].left_out |= symbol->linkage[m] == STRONG;
		}
}

/* Definitions of which at most one is strong. Where all are weak and in members, which of these a
 * linker loads first would decide: so there is one. */
void define_in_several(struct symbol *symbol, int first)
{
	bool strong = percent(50);

	symbol->linkage[first] = strong ? STRONG : WEAK;
	for (int m = 0; m < module_count; m++)
		if (m != first && (modules[m].role == INPUT || modules[m].role == NEEDED) &&
		    percent(50))
			symbol->linkage[m] = WEAK;
	set_winner(symbol);
	if (!strong && is_member(symbol->winner))
		for (int m = symbol->winner + 1; m < module_count; m++)
			symbol->linkage[m] = NONE;
	repeat_in_unneeded(symbol);
}

/* Tentative definitions of several sizes, and perhaps one that is none. */
void define_as_common(struct symbol *symbol, int first)
{
	bool weak = percent(20), strong = !weak && percent(30);

	for (int m = 0; m < module_count; m++)
		if (m == first || (modules[m].role == INPUT && percent(50))) {
			symbol->linkage[m] = COMMON;
			symbol->size[m] = percent(50) ? ELEMENTS / 2 : ELEMENTS;
		}
	for (int m = 0; m < module_count && (weak || strong); m++)
		if (symbol->linkage[m] == NONE &&
		    (modules[m].role == INPUT || modules[m].role == NEEDED)) {
			symbol->linkage[m] = weak ? WEAK : STRONG;
			symbol->size[m] = weak ? ELEMENTS / 2 : ELEMENTS;
			break;
		}
}

void hide_somewhere(struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++)
		symbol->hidden[m] = percent(50) && (takes_part(m) || symbol->winner < 0);
}

/* Whether other modules may have definitions of what this one defines. */
bool may_share(int module)
{
	return modules[module].role == INPUT || modules[module].role == NEEDED;
}

bool is_defined_once(const struct symbol *symbol)
{
	int count = 0;

	for (int m = 0; m < module_count; m++)
		count += symbol->linkage[m] != NONE;
	return count == 1;
}

/* A static of the name that another module has for all. */
static const char *name_of_other(int module, bool function)
{
	for (int tries = 0; tries < 8 && symbol_count; tries++) {
		const struct symbol *other = &symbols[below(symbol_count)];
		if (other->local < 0 && (other->shape == FUNCTION) == function && !other->program &&
		    !other->referred[module] && !other->hidden[module] &&
		    other->linkage[module] == NONE && !has_local(module, other->name))
			return other->name;
	}
	return NULL;
}

struct symbol *add_local(enum shape shape, int module)
{
	static const char *const names[2][4] = {
	    {"state", "seen", "total", "table"}, {"mix", "step", "fold", "update"}};
	const char *name = names[shape == FUNCTION][below(4)];

	if (percent(25) || has_local(module, name))
		name = name_of_other(module, shape == FUNCTION);
	if (!name)
		return NULL;
	return add_symbol(shape, module, "%s", name);
}
