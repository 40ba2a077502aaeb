/* random-program: writes a random BPF program of several C files, and what it must answer.
 *
 *     random-program SEED DIR
 *
 * The files in DIR are m0.c, m1.c and so on; program.h, which they include; host.c, a main() that
 * runs the same program on this machine; packet0, packet1 and so on, for the program to run on; and
 * a manifest of lines:
 *
 *     module NAME FLAG...     how to compile NAME.c
 *     archive NAME MODULE...  NAME.a is made of these
 *     input FILE...           the linker's command line, in order: MODULE.bc and NAME.a
 *     option OPTION           for bpf-linker
 *     eager MODULE...         linked whole, in this order, these do the same; no line if nothing
 * does visible NAME TYPE BINDING   a symbol that the object has for others answer PROGRAM PACKET
 * VALUE what the program returns, run after run
 *
 * The same seed makes the same program. The answers come from running it here, with each name bound
 * to the definition that an ELF linker takes. Names are never bound by accident of the order in
 * which a linker loads members: a module is an input, a member that an input or such a member
 * needs, a member that nothing but unneeded members needs, or a member that only has a used
 * variable. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MODULES = 6,
	SYMBOLS = 200,
	PARAMETERS = 5,
	ELEMENTS = 8,
	PROGRAMS = 2,
	PACKETS = 3,
	PACKET_WORDS = 16,
	MOST_CALLS = 20, /* that a call of a function leads to; the verifier follows each */
	MOST_CALLS_OF_PROGRAM = 60,
	MOST_FRAMES = 6,
};

enum role { INPUT, NEEDED, UNNEEDED, USED_ONLY };
enum linkage { NONE, STRONG, WEAK, COMMON, INLINE };
enum shape { FUNCTION, SCALAR, WIDE, ARRAY, RECORD };
enum parameter { UNSIGNED, BYTE, LONG, POINTER };

struct record {
	uint64_t wide;
	uint32_t word;
	uint8_t bytes[4];
	uint32_t words[4];
};

/* One statement. All of them read and change x, and never make it predictable: no compiler can
 * find that a symbol is not needed after all. */
enum action {
	MULTIPLY,
	SHIFT,
	DIVIDE,
	USE_PARAMETER,
	USE_RECORD,
	USE_VARIABLE,
	USE_STRING,
	USE_POINTERS,
	CALL,
	CALL_BY_TABLE,
	BRANCH,
	LOOP,
};

struct statement {
	enum action action;
	int symbol, other; /* numbers of symbols; a record to pass to a call, -1 for a new one */
	uint32_t a, b;
	bool tested; /* the call, for whether the function is there */
	struct statement *then, *otherwise, *next;
};

struct module {
	enum role role;
	int archive;
	int level;
	bool debug;
	bool called_by_input; /* its first function; by a member's otherwise */
	bool left_out;        /* of the eager link: it would win, or be a duplicate, there */
};

struct symbol {
	char name[16];
	enum shape shape;
	int local;  /* the module that it is static in, or -1 */
	int winner; /* the module whose definition is taken, or -1 */
	int alias_of;
	int alias; /* a variable's alias, which other modules use in its place */
	enum linkage linkage[MODULES];
	bool hidden[MODULES], referred[MODULES], weak_reference[MODULES], noinline_in[MODULES];
	bool used, constant, program, reached, exported;
	/* variables */
	uint32_t size[MODULES], initial[MODULES][ELEMENTS];
	uint64_t wide;
	uint32_t words[ELEMENTS];
	struct record record;
	/* functions */
	int parameter_count, calls, frames;
	enum parameter parameters[PARAMETERS];
	struct statement *body[MODULES];
};

static uint64_t random_state;
static const char *directory;
static struct module modules[MODULES];
static int module_count, input_count;
static struct symbol symbols[SYMBOLS];
static int symbol_count;
static bool exports_given, archives_last, aliases_of_lost;
static FILE *out;

/* Chance */

static uint32_t random_word(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) >> 32;
}

static int below(int bound)
{
	return random_word() % bound;
}

static bool percent(int chance)
{
	return below(100) < chance;
}

/* Modules */

static bool takes_part(int module)
{
	return modules[module].role != UNNEEDED;
}

static bool is_member(int module)
{
	return modules[module].role != INPUT;
}

/* In the order of the command line, inputs before members: which is that of weak definitions. */
static void make_modules(void)
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

static struct symbol *add_symbol(enum shape shape, int local, const char *name, ...)
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

static bool has_local(int module, const char *name)
{
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].local == module && !strcmp(symbols[i].name, name))
			return true;
	return false;
}

static void set_winner(struct symbol *symbol)
{
	static const enum linkage strengths[] = {STRONG, COMMON, WEAK};

	symbol->winner = -1;
	for (int i = 0; i < 3; i++)
		for (int m = 0; m < module_count; m++)
			if (symbol->winner < 0 && takes_part(m) &&
			    symbol->linkage[m] == strengths[i])
				symbol->winner = m;
}

static int random_module_for_definition(void)
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

static void repeat_in_unneeded(struct symbol *symbol)
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
static void define_in_several(struct symbol *symbol, int first)
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
static void define_as_common(struct symbol *symbol, int first)
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

static void hide_somewhere(struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++)
		symbol->hidden[m] = percent(50) && (takes_part(m) || symbol->winner < 0);
}

/* Whether other modules may have definitions of what this one defines. */
static bool may_share(int module)
{
	return modules[module].role == INPUT || modules[module].role == NEEDED;
}

static bool is_defined_once(const struct symbol *symbol)
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

static struct symbol *add_local(enum shape shape, int module)
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

/* Variables */

static void set_initial_values(struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++) {
		bool zero = symbol->linkage[m] == COMMON || (!symbol->constant && percent(30));
		if (!symbol->size[m])
			symbol->size[m] = ELEMENTS;
		for (int i = 0; i < ELEMENTS; i++)
			symbol->initial[m][i] = zero ? 0 : random_word();
	}
}

/* A member with used symbols takes part where it stands on the command line, and its weak
 * definitions there. */
static bool may_be_used(const struct symbol *symbol, int module)
{
	return symbol->winner == module && takes_part(module) &&
	       (modules[module].role != NEEDED || archives_last);
}

/* Smallest that any module has: safe to use where the variable is only declared. */
static uint32_t size_in(const struct symbol *symbol, int module)
{
	uint32_t least = ELEMENTS;

	if (symbol->linkage[module] != NONE)
		return symbol->size[module];
	for (int m = 0; m < module_count; m++)
		if (symbol->linkage[m] != NONE && symbol->size[m] < least)
			least = symbol->size[m];
	return least;
}

static void add_alias_of(int number)
{
	struct symbol *symbol = &symbols[number];
	int module = symbol->winner;
	struct symbol *alias;

	if (!is_defined_once(symbol) || module < 0 || symbol->linkage[module] != STRONG ||
	    !takes_part(module) || modules[module].role == USED_ONLY)
		return;
	/* clang may use the alias in place of a static, which makes it needed */
	if (symbol->local >= 0 && is_member(module) && !exports_given)
		return;
	alias = add_symbol(symbol->shape, -1, "a%d", symbol_count);
	alias->alias_of = number;
	alias->winner = module;
	alias->linkage[module] = percent(70) ? STRONG : WEAK;
	alias->constant = symbol->constant;
	memcpy(alias->size, symbol->size, sizeof alias->size);
	symbol->alias = symbol_count - 1;
	if (percent(25))
		hide_somewhere(alias);
}

static void add_variable(void)
{
	int module = random_module_for_definition(), chance = below(100), number = symbol_count;
	bool local = chance < 35, several = chance >= 35 && chance < 60 && may_share(module);
	bool common = chance >= 60 && chance < 75 && modules[module].role == INPUT;
	enum shape shape = common ? ARRAY : SCALAR + below(4);
	struct symbol *symbol;

	symbol = local ? add_local(shape, module) : add_symbol(shape, -1, "v%d", symbol_count);
	if (!symbol)
		return;
	symbol->linkage[module] = STRONG;
	/* a compiler reads other constants while it compiles; then nothing needs a member's */
	if (!common && (shape == ARRAY || local || modules[module].role == INPUT))
		symbol->constant = percent(shape == ARRAY ? 50 : 15);
	if (several)
		define_in_several(symbol, module);
	else if (common)
		define_as_common(symbol, module);
	else if (!local && percent(40))
		repeat_in_unneeded(symbol);
	if (!local) {
		set_winner(symbol);
		if (percent(20))
			hide_somewhere(symbol);
		else if (may_be_used(symbol, module) && percent(8))
			symbol->used = true;
	}
	set_initial_values(symbol);
	if (percent(15))
		add_alias_of(number);
}

/* Bodies: a set of modules has the same one when the function is inline. */

static bool may_refer_from(int module, const struct symbol *symbol)
{
	if (symbol->local >= 0)
		return symbol->local == module;
	if (has_local(module, symbol->name) || symbol->program)
		return false;
	if (takes_part(module) && symbol->winner < 0)
		return false;
	for (int m = 0; m < module_count; m++)
		if (modules[m].role == USED_ONLY && symbol->linkage[m] != NONE && m != module)
			return false;
	/* a compiler takes two names for two variables, where it does not see that one is an alias
	 */
	if (symbol->shape != FUNCTION && !symbol->constant) {
		if (symbol->alias >= 0)
			return module == symbol->winner;
		if (symbol->alias_of >= 0)
			return module != symbol->winner;
	}
	return true;
}

static bool may_refer(unsigned set, const struct symbol *symbol)
{
	uint32_t size = 0;

	for (int m = 0; m < module_count; m++) {
		if (!(set >> m & 1))
			continue;
		/* the same body has to do the same everywhere */
		if (!may_refer_from(m, symbol) || (size && size != size_in(symbol, m)))
			return false;
		size = size_in(symbol, m);
	}
	return true;
}

static void refer(unsigned set, int number)
{
	for (int m = 0; m < module_count; m++)
		if (set >> m & 1)
			symbols[number].referred[m] = true;
}

static int random_variable(unsigned set, bool (*fits)(const struct symbol *))
{
	for (int tries = 0; tries < 20; tries++) {
		int number = below(symbol_count);
		const struct symbol *symbol = &symbols[number];
		if (symbol->shape != FUNCTION && (!fits || fits(symbol)) && may_refer(set, symbol))
			return number;
	}
	return -1;
}

static bool is_mutable_word(const struct symbol *symbol)
{
	return (symbol->shape == SCALAR || symbol->shape == ARRAY) && !symbol->constant;
}

static bool is_mutable_record(const struct symbol *symbol)
{
	return symbol->shape == RECORD && !symbol->constant;
}

static bool takes_only_x(const struct symbol *function)
{
	return function->parameter_count == 1;
}

static int random_function(
    unsigned set, const struct symbol *caller, bool (*fits)(const struct symbol *))
{
	int most = caller->program ? MOST_CALLS_OF_PROGRAM : MOST_CALLS;

	for (int tries = 0; tries < 20; tries++) {
		int number = below(caller - symbols + 1);
		const struct symbol *symbol = &symbols[number];
		if (symbol->shape == FUNCTION && symbol != caller && (!fits || fits(symbol)) &&
		    may_refer(set, symbol) && symbol->frames < MOST_FRAMES - 1 &&
		    caller->calls + symbol->calls < most)
			return number;
	}
	return -1;
}

static void note_call(struct symbol *caller, int callee)
{
	caller->calls += symbols[callee].calls;
	if (caller->frames <= symbols[callee].frames)
		caller->frames = symbols[callee].frames + 1;
}

static struct statement *new_statement(enum action action)
{
	struct statement *statement = calloc(1, sizeof *statement);

	if (!statement)
		abort();
	statement->action = action;
	statement->symbol = statement->other = -1;
	statement->a = random_word() | 1;
	statement->b = random_word();
	return statement;
}

/* What nothing was found for is plain arithmetic. */
static void use_nothing(struct statement *statement)
{
	statement->action = percent(50) ? MULTIPLY : SHIFT;
	statement->symbol = statement->other = -1;
}

static struct statement *call_of(struct symbol *caller, unsigned set, int callee)
{
	struct statement *statement = new_statement(CALL);
	const struct symbol *symbol = &symbols[callee];

	statement->symbol = callee;
	refer(set, callee);
	note_call(caller, callee);
	if (symbol->parameters[1] == POINTER && percent(30)) {
		statement->other = random_variable(set, is_mutable_record);
		if (statement->other >= 0)
			refer(set, statement->other);
	}
	/* the weak reference of a module that has strong ones too would be one of these */
	for (int m = 0; m < module_count; m++)
		if (set == 1u << m && symbol->local < 0 && symbol->linkage[m] == NONE &&
		    symbol->weak_reference[m])
			statement->tested = true;
	return statement;
}

static struct statement *random_statements(
    struct symbol *function, unsigned set, int count, bool nested);

static struct statement *random_statement(struct symbol *function, unsigned set, bool nested)
{
	struct statement *statement = new_statement(percent(30) ? CALL : below(LOOP + 1));
	int parameter = 1 + below(PARAMETERS - 1);

	switch (statement->action) {
	case USE_PARAMETER:
	case USE_RECORD:
		statement->symbol = parameter;
		if (parameter >= function->parameter_count)
			use_nothing(statement);
		else if (function->parameters[parameter] == POINTER)
			statement->action = USE_RECORD;
		else
			statement->action = USE_PARAMETER;
		break;
	case USE_VARIABLE:
		statement->symbol = random_variable(set, NULL);
		if (statement->symbol < 0)
			use_nothing(statement);
		else
			refer(set, statement->symbol);
		break;
	case USE_POINTERS:
		statement->symbol = random_variable(set, is_mutable_word);
		statement->other = random_variable(set, is_mutable_word);
		if (statement->symbol < 0 || statement->other < 0 || set & (set - 1)) {
			use_nothing(statement);
			break;
		}
		refer(set, statement->symbol);
		refer(set, statement->other);
		break;
	case CALL:
		statement->symbol = random_function(set, function, NULL);
		if (statement->symbol < 0)
			use_nothing(statement);
		else
			statement = call_of(function, set, statement->symbol);
		break;
	case CALL_BY_TABLE:
		statement->symbol = random_function(set, function, takes_only_x);
		if (statement->symbol >= 0)
			note_call(function, statement->symbol);
		statement->other = random_function(set, function, takes_only_x);
		if (statement->symbol < 0 || statement->other < 0 || set & (set - 1)) {
			use_nothing(statement);
			break;
		}
		note_call(function, statement->other);
		refer(set, statement->symbol);
		refer(set, statement->other);
		break;
	case BRANCH:
		if (nested) {
			statement->action = DIVIDE;
			break;
		}
		statement->a = 1u << below(32);
		statement->then = random_statements(function, set, 1 + below(2), true);
		statement->otherwise = random_statements(function, set, below(2), true);
		break;
	case LOOP:
		statement->b = 2 + below(6);
		break;
	default:
		break;
	}
	return statement;
}

static struct statement *random_statements(
    struct symbol *function, unsigned set, int count, bool nested)
{
	struct statement *first = NULL;

	while (count--) {
		struct statement *statement = random_statement(function, set, nested);
		statement->next = first;
		first = statement;
	}
	return first;
}

/* Functions */

static void set_parameters(struct symbol *symbol)
{
	symbol->parameter_count = 1 + (percent(50) ? below(PARAMETERS) : 0);
	for (int i = 1; i < symbol->parameter_count; i++)
		symbol->parameters[i] = i == 1 && percent(40) ? POINTER : below(POINTER);
}

/* LLVM passes rubbish for a parameter that is not used; the verifier wants to know what it is. */
static struct statement *use_of_parameters(const struct symbol *symbol, struct statement *rest)
{
	for (int i = 1; i < symbol->parameter_count; i++) {
		struct statement *statement =
		    new_statement(symbol->parameters[i] == POINTER ? USE_RECORD : USE_PARAMETER);
		statement->symbol = i;
		statement->next = rest;
		rest = statement;
	}
	return rest;
}

static void set_bodies(struct symbol *symbol, bool same)
{
	unsigned all = 0, set;
	struct statement *body = NULL;
	int calls = 1;

	for (int m = 0; m < module_count; m++)
		all |= (symbol->linkage[m] != NONE) << m;
	for (int m = 0; m < module_count; m++) {
		symbol->noinline_in[m] = percent(40);
		if (symbol->linkage[m] == NONE)
			continue;
		set = same ? all : 1u << m;
		if (!body || !same) {
			symbol->calls = 1;
			body = use_of_parameters(
			    symbol, random_statements(symbol, set, 2 + below(5), false));
			if (symbol->calls > calls)
				calls = symbol->calls;
		}
		symbol->body[m] = body;
	}
	symbol->calls = calls;
	if (!symbol->frames)
		symbol->frames = 1;
}

/* `inline` in some modules, which then need the definition in another. */
static void make_inline(struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++)
		if (symbol->linkage[m] == NONE && modules[m].role != USED_ONLY && percent(60))
			symbol->linkage[m] = INLINE;
}

static void add_function_alias(int number)
{
	struct symbol *symbol = &symbols[number], *alias;
	int module = below(module_count);

	if ((symbol->linkage[module] != STRONG && symbol->linkage[module] != WEAK) ||
	    modules[module].role == USED_ONLY)
		return;
	if (symbol->winner != module && takes_part(module) && !aliases_of_lost)
		return;
	alias = add_symbol(FUNCTION, -1, "a%d", symbol_count);
	alias->alias_of = number;
	alias->winner = takes_part(module) ? module : -1;
	alias->linkage[module] = percent(70) ? STRONG : WEAK;
	alias->parameter_count = symbol->parameter_count;
	memcpy(alias->parameters, symbol->parameters, sizeof alias->parameters);
	alias->calls = symbol->calls;
	alias->frames = symbol->frames;
	if (percent(25))
		hide_somewhere(alias);
}

static void add_function(void)
{
	int module = random_module_for_definition(), chance = below(100), number = symbol_count;
	bool local = chance < 30, several = chance >= 30 && chance < 55 && may_share(module);
	bool inlined = chance >= 55 && chance < 65 && may_share(module);
	bool same = inlined || (several && percent(30));
	struct symbol *symbol;

	symbol =
	    local ? add_local(FUNCTION, module) : add_symbol(FUNCTION, -1, "f%d", symbol_count);
	if (!symbol)
		return;
	symbol->linkage[module] = STRONG;
	set_parameters(symbol);
	if (several)
		define_in_several(symbol, module);
	else if (inlined)
		make_inline(symbol);
	else if (!local && percent(40))
		repeat_in_unneeded(symbol);
	if (!local) {
		set_winner(symbol);
		for (int m = 0; m < module_count; m++) {
			symbol->weak_reference[m] = percent(15);
			/* as functions in a header would be */
			symbol->hidden[m] = several && same && takes_part(m);
		}
		if (percent(20) && !same)
			hide_somewhere(symbol);
		else if (may_be_used(symbol, module) && !same && percent(8))
			symbol->used = true;
	}
	set_bodies(symbol, same);
	if (percent(20))
		add_function_alias(number);
}

/* What makes each member needed that is to be: an input calls its first function, or a member that
 * is needed itself does. */
static void add_programs(void)
{
	int first[MODULES], previous = -1;

	for (int m = module_count - 1; m >= 0; m--) {
		if (modules[m].role != NEEDED)
			continue;
		struct symbol *symbol = add_symbol(FUNCTION, -1, "first_of_m%d", m);
		first[m] = symbol_count - 1;
		symbol->linkage[m] = STRONG;
		symbol->winner = m;
		symbol->parameter_count = 1;
		set_bodies(symbol, false);
		if (previous >= 0 && !modules[previous].called_by_input) {
			struct statement *call = call_of(symbol, 1u << m, first[previous]);
			call->next = symbol->body[m];
			symbol->body[m] = call;
		}
		previous = m;
	}
	/* the last of the chain has nobody else */
	if (previous >= 0)
		modules[previous].called_by_input = true;
	for (int i = 0; i < PROGRAMS; i++) {
		int m = below(input_count);
		struct symbol *symbol = add_symbol(FUNCTION, -1, "prog%d", i);
		symbol->program = symbol->used = true;
		symbol->linkage[m] = STRONG;
		symbol->winner = m;
		symbol->parameter_count = 1;
		symbol->body[m] = random_statements(symbol, 1u << m, 10, false);
		for (int n = 0; n < module_count; n++)
			if (i == 0 && modules[n].role == NEEDED && modules[n].called_by_input) {
				struct statement *call = call_of(symbol, 1u << m, first[n]);
				call->next = symbol->body[m];
				symbol->body[m] = call;
			}
	}
}

static void add_license(void)
{
	int module = below(input_count);
	struct symbol *license;

	for (int m = 0; m < module_count; m++)
		if (modules[m].role == USED_ONLY) {
			struct symbol *symbol = add_symbol(SCALAR, -1, "mark_of_m%d", m);
			symbol->linkage[m] = STRONG;
			symbol->winner = module = m;
			symbol->used = true;
			set_initial_values(symbol);
		}
	license = add_symbol(ARRAY, -1, "LICENSE");
	license->linkage[module] = STRONG;
	license->winner = module;
	license->used = license->constant = true;
}

static void make_program(void)
{
	int steps = 12 + below(20);

	while (steps--)
		if (percent(45))
			add_variable();
		else
			add_function();
	add_programs();
	add_license();
}

/* Running it */

static uint32_t run_function(
    int number, int module, uint32_t x, const uint64_t *arguments, struct record *record);

static uint32_t call_symbol(
    int number, uint32_t x, const uint64_t *arguments, struct record *record)
{
	const struct symbol *symbol = &symbols[number];

	if (symbol->alias_of >= 0)
		return run_function(symbol->alias_of, symbol->winner, x, arguments, record);
	return run_function(number, symbol->winner, x, arguments, record);
}

static struct symbol *storage(int number)
{
	return &symbols[symbols[number].alias_of >= 0 ? symbols[number].alias_of : number];
}

/* Where a table of pointers points to. */
static uint32_t *word_of(int number, uint32_t place)
{
	struct symbol *symbol = storage(number);

	return &symbol->words[symbol->shape == ARRAY ? place : 0];
}

static uint32_t use_variable(const struct statement *statement, int module, uint32_t x)
{
	struct symbol *symbol = storage(statement->symbol);
	uint32_t mask = size_in(&symbols[statement->symbol], module) - 1;

	switch (symbol->shape) {
	case SCALAR:
		if (!symbol->constant)
			symbol->words[0] += x ^ statement->b;
		return x ^ symbol->words[0] * statement->a;
	case WIDE:
		if (!symbol->constant)
			symbol->wide += (uint64_t)x << 9;
		return x ^ (uint32_t)(symbol->wide >> 13);
	case ARRAY:
		if (!symbol->constant)
			symbol->words[x & mask] += statement->b;
		return x + (symbol->words[(x >> 5) & mask] ^ statement->a);
	case RECORD:
		if (!symbol->constant) {
			struct record copy = symbol->record;
			copy.word += x;
			copy.wide ^= copy.word;
			copy.bytes[1] += 3;
			copy.words[2] ^= copy.bytes[1];
			symbol->record = copy;
		}
		return x + symbol->record.word + (uint32_t)symbol->record.wide +
		       symbol->record.words[2];
	default:
		abort();
	}
}

static const char *const texts[] = {"bitcode", "archive", "symbols", "linkers"};

static uint64_t argument_of(enum parameter parameter, uint32_t x, int i)
{
	switch (parameter) {
	case BYTE:
		return (uint8_t)(x + i);
	case LONG:
		return ((uint64_t)x << 20) + i;
	default:
		return x ^ (uint32_t)i;
	}
}

static uint32_t run_call(const struct statement *statement, uint32_t x)
{
	const struct symbol *symbol = &symbols[statement->symbol];
	uint64_t arguments[PARAMETERS];
	struct record local = {.word = x, .wide = statement->b};
	struct record *record = &local;

	if (statement->other >= 0)
		record = &storage(statement->other)->record;
	for (int i = 1; i < symbol->parameter_count; i++)
		arguments[i] = argument_of(symbol->parameters[i], x, i);
	x = call_symbol(statement->symbol, x, arguments, record);
	if (symbol->parameters[1] == POINTER)
		x += record->word ^ record->words[1];
	return x;
}

static uint32_t run_statements(const struct statement *statement, int module, uint32_t x,
    const enum parameter *parameters, const uint64_t *arguments, struct record *record)
{
	for (; statement; statement = statement->next) {
		uint32_t a = statement->a, b = statement->b;
		switch (statement->action) {
		case MULTIPLY:
			x = x * a + b;
			break;
		case SHIFT:
			x ^= x >> (1 + b % 31);
			break;
		case DIVIDE:
			x += x / a ^ x % (b | 1);
			break;
		case USE_PARAMETER:
			if (parameters[statement->symbol] == LONG)
				x ^= (uint32_t)(arguments[statement->symbol] >> 7);
			else
				x += (uint32_t)arguments[statement->symbol] * a;
			break;
		case USE_RECORD:
			record->word ^= x;
			record->wide += record->word;
			record->words[1] += record->bytes[3];
			x += (uint32_t)(record->wide >> 3);
			break;
		case USE_VARIABLE:
			x = use_variable(statement, module, x);
			break;
		case USE_STRING:
			x += texts[b % 4][x & 7];
			break;
		case USE_POINTERS:
			*word_of(statement->symbol, a % 4) += x;
			x ^= *word_of(statement->other, b % 4) * a;
			break;
		case CALL:
			x = run_call(statement, x);
			break;
		case CALL_BY_TABLE:
			x = call_symbol(statement->symbol, x, NULL, NULL);
			x = call_symbol(statement->other, x, NULL, NULL);
			break;
		case BRANCH:
			x = run_statements(x & a ? statement->then : statement->otherwise, module,
			    x, parameters, arguments, record);
			break;
		case LOOP:
			for (uint32_t i = 0; i < b; i++)
				x = x * a + i;
			break;
		}
	}
	return x;
}

static uint32_t run_function(
    int number, int module, uint32_t x, const uint64_t *arguments, struct record *record)
{
	const struct symbol *symbol = &symbols[number];

	return run_statements(
	    symbol->body[module], module, x, symbol->parameters, arguments, record);
}

static void load(void)
{
	for (int i = 0; i < symbol_count; i++) {
		struct symbol *symbol = &symbols[i];
		if (symbol->shape == FUNCTION || symbol->winner < 0)
			continue;
		const uint32_t *initial = symbol->initial[symbol->winner];
		memcpy(symbol->words, initial, sizeof symbol->words);
		symbol->wide = initial[0];
		symbol->record = (struct record){.wide = initial[0], .word = initial[1]};
	}
}

/* Writing it */

static FILE *create(const char *format, ...)
{
	char name[4096];
	int length = snprintf(name, sizeof name, "%s/", directory);
	va_list arguments;
	FILE *file;

	va_start(arguments, format);
	vsnprintf(name + length, sizeof name - length, format, arguments);
	va_end(arguments);
	file = fopen(name, "wb");
	if (!file) {
		perror(name);
		exit(1);
	}
	return file;
}

static void finish(FILE *file)
{
	if (fclose(file)) {
		perror("random-program");
		exit(1);
	}
}

static void write_attributes(const struct symbol *symbol, int module)
{
	if (symbol->hidden[module])
		fprintf(out, " __attribute__((visibility(\"hidden\")))");
	if (symbol->linkage[module] == WEAK ||
	    (symbol->linkage[module] == NONE && symbol->weak_reference[module]))
		fprintf(out, " __attribute__((weak))");
	if (symbol->shape == FUNCTION && symbol->noinline_in[module])
		fprintf(out, " __attribute__((noinline))");
	if (symbol->alias_of >= 0 && symbol->linkage[module] != NONE)
		fprintf(out, " __attribute__((alias(\"%s\")))", symbols[symbol->alias_of].name);
}

static void write_variable(const struct symbol *symbol, int module, bool declared)
{
	static const char *const types[] = {[SCALAR] = "unsigned",
	    [WIDE] = "unsigned long long",
	    [ARRAY] = "unsigned",
	    [RECORD] = "struct record"};

	fprintf(
	    out, "%s%s %s", symbol->constant ? "const " : "", types[symbol->shape], symbol->name);
	if (symbol->shape == ARRAY && declared && symbol->linkage[module] == NONE)
		fprintf(out, "[]");
	else if (symbol->shape == ARRAY)
		fprintf(out, "[%" PRIu32 "]", symbol->size[module]);
}

static void write_initial_value(const struct symbol *symbol, int module)
{
	const uint32_t *initial = symbol->initial[module];

	switch (symbol->shape) {
	case ARRAY:
		fprintf(out, " = {");
		for (uint32_t i = 0; i < symbol->size[module]; i++)
			fprintf(out, "%s%" PRIu32 "u", i ? ", " : "", initial[i]);
		fprintf(out, "}");
		break;
	case RECORD:
		fprintf(out, " = {%" PRIu32 "u, %" PRIu32 "u}", initial[0], initial[1]);
		break;
	default:
		fprintf(out, " = %" PRIu32 "u", initial[0]);
	}
}

static void write_function_head(const struct symbol *symbol)
{
	static const char *const types[] = {[UNSIGNED] = "unsigned ",
	    [BYTE] = "unsigned char ",
	    [LONG] = "unsigned long long ",
	    [POINTER] = "struct record *"};

	fprintf(out, "unsigned %s(unsigned x", symbol->name);
	for (int i = 1; i < symbol->parameter_count; i++)
		fprintf(out, ", %sp%d", types[symbol->parameters[i]], i);
	fprintf(out, ")");
}

static void write_declaration(const struct symbol *symbol, int module)
{
	enum linkage linkage = symbol->linkage[module];

	if (symbol->program || (linkage == NONE && !symbol->referred[module]))
		return;
	if (symbol->shape != FUNCTION && symbol->local >= 0)
		return;
	fprintf(out, "%s",
	    symbol->local >= 0  ? "static "
	    : linkage == INLINE ? "inline "
				: "extern ");
	if (symbol->shape == FUNCTION)
		write_function_head(symbol);
	else
		write_variable(symbol, module, true);
	write_attributes(symbol, module);
	fprintf(out, ";\n");
}

static void write_call(const struct statement *statement)
{
	const struct symbol *symbol = &symbols[statement->symbol];
	bool pointer = symbol->parameters[1] == POINTER;
	char record[32] = "record";

	fprintf(out, "{ ");
	if (statement->other >= 0)
		snprintf(record, sizeof record, "%s", symbols[statement->other].name);
	else if (pointer)
		fprintf(out,
		    "struct record made = {0}; made.word = x; made.wide = %" PRIu32
		    "u; struct record record = made; ",
		    statement->b);
	if (statement->tested)
		fprintf(out, "if (%s) ", symbol->name);
	fprintf(out, "x = %s(x", symbol->name);
	for (int i = 1; i < symbol->parameter_count; i++)
		switch (symbol->parameters[i]) {
		case POINTER:
			fprintf(out, ", &%s", record);
			break;
		case BYTE:
			fprintf(out, ", (unsigned char)(x + %d)", i);
			break;
		case LONG:
			fprintf(out, ", ((unsigned long long)x << 20) + %d", i);
			break;
		case UNSIGNED:
			fprintf(out, ", x ^ %d", i);
			break;
		}
	fprintf(out, "); ");
	if (pointer)
		fprintf(out, "x += %s.word ^ %s.words[1]; ", record, record);
	fprintf(out, "}\n");
}

static void write_use_of_variable(const struct statement *statement, int module)
{
	const struct symbol *symbol = &symbols[statement->symbol];
	const char *name = symbol->name;
	uint32_t mask = size_in(symbol, module) - 1;
	bool constant = symbol->constant;

	switch (symbol->shape) {
	case SCALAR:
		if (!constant)
			fprintf(out, "%s += x ^ %" PRIu32 "u; ", name, statement->b);
		fprintf(out, "x ^= %s * %" PRIu32 "u;\n", name, statement->a);
		break;
	case WIDE:
		if (!constant)
			fprintf(out, "%s += (unsigned long long)x << 9; ", name);
		fprintf(out, "x ^= (unsigned)(%s >> 13);\n", name);
		break;
	case ARRAY:
		if (!constant)
			fprintf(
			    out, "%s[x & %" PRIu32 "] += %" PRIu32 "u; ", name, mask, statement->b);
		fprintf(out, "x += %s[(x >> 5) & %" PRIu32 "] ^ %" PRIu32 "u;\n", name, mask,
		    statement->a);
		break;
	case RECORD:
		if (!constant)
			fprintf(out,
			    "{ struct record copy = %s; copy.word += x; copy.wide ^= copy.word; "
			    "copy.bytes[1] += 3; copy.words[2] ^= copy.bytes[1]; %s = copy; } ",
			    name, name);
		fprintf(out, "x += %s.word + (unsigned)%s.wide + %s.words[2];\n", name, name, name);
		break;
	default:
		break;
	}
}

static void write_pointer(int number, uint32_t place)
{
	const struct symbol *symbol = &symbols[number];

	if (symbol->shape == ARRAY)
		fprintf(out, "&%s[%" PRIu32 "]", symbol->name, place);
	else
		fprintf(out, "&%s", symbol->name);
}

static void write_statements(
    const struct statement *statement, int module, const enum parameter *parameters, int indent)
{
	for (; statement; statement = statement->next) {
		uint32_t a = statement->a, b = statement->b;
		fprintf(out, "%.*s", indent, "\t\t\t");
		switch (statement->action) {
		case MULTIPLY:
			fprintf(out, "x = x * %" PRIu32 "u + %" PRIu32 "u;\n", a, b);
			break;
		case SHIFT:
			fprintf(out, "x ^= x >> %" PRIu32 ";\n", 1 + b % 31);
			break;
		case DIVIDE:
			fprintf(out, "x += x / %" PRIu32 "u ^ x %% %" PRIu32 "u;\n", a, b | 1);
			break;
		case USE_PARAMETER:
			if (parameters[statement->symbol] == LONG)
				fprintf(out, "x ^= (unsigned)(p%d >> 7);\n", statement->symbol);
			else
				fprintf(out, "x += p%d * %" PRIu32 "u;\n", statement->symbol, a);
			break;
		case USE_RECORD:
			fprintf(out,
			    "p1->word ^= x; p1->wide += p1->word; p1->words[1] += p1->bytes[3]; "
			    "x += (unsigned)(p1->wide >> 3);\n");
			break;
		case USE_VARIABLE:
			write_use_of_variable(statement, module);
			break;
		case USE_STRING:
			fprintf(out, "x += (unsigned char)\"%s\"[x & 7];\n", texts[b % 4]);
			break;
		case USE_POINTERS:
			fprintf(out, "{ static unsigned *const pointers[] = {");
			write_pointer(statement->symbol, a % 4);
			fprintf(out, ", ");
			write_pointer(statement->other, b % 4);
			fprintf(
			    out, "}; *pointers[0] += x; x ^= *pointers[1] * %" PRIu32 "u; }\n", a);
			break;
		case CALL:
			write_call(statement);
			break;
		case CALL_BY_TABLE:
			fprintf(out,
			    "{ static unsigned (*const steps[])(unsigned) = {%s, %s}; "
			    "x = steps[0](x); x = steps[1](x); }\n",
			    symbols[statement->symbol].name, symbols[statement->other].name);
			break;
		case BRANCH:
			fprintf(out, "if (x & %" PRIu32 "u) {\n", a);
			write_statements(statement->then, module, parameters, indent + 1);
			fprintf(out, "%.*s} else {\n", indent, "\t\t\t");
			write_statements(statement->otherwise, module, parameters, indent + 1);
			fprintf(out, "%.*s}\n", indent, "\t\t\t");
			break;
		case LOOP:
			fprintf(out,
			    "for (unsigned i = 0; i < %" PRIu32 "; i++) x = x * %" PRIu32
			    "u + i;\n",
			    b, a);
			break;
		}
	}
}

static void write_definition(const struct symbol *symbol, int module)
{
	enum linkage linkage = symbol->linkage[module];

	if (linkage == NONE || symbol->alias_of >= 0)
		return;
	if (!strcmp(symbol->name, "LICENSE")) {
		fprintf(out, "SECTION(\"license\") char LICENSE[] = \"GPL\";\n");
		return;
	}
	if (symbol->shape == FUNCTION)
		fprintf(out, "\n");
	if (symbol->local >= 0)
		fprintf(out, "static ");
	if (symbol->used && symbol->winner == module && !symbol->program)
		fprintf(out, "__attribute__((used)) ");
	if (symbol->shape != FUNCTION) {
		write_variable(symbol, module, false);
		if (linkage != COMMON)
			write_initial_value(symbol, module);
		fprintf(out, ";\n");
		return;
	}
	if (linkage == INLINE)
		fprintf(out, "inline ");
	if (symbol->program) {
		fprintf(out, "SECTION(\"xdp\") int %s(struct context *context)\n{\n", symbol->name);
		fprintf(out, "\tunsigned char *data = (void *)(long)context->data;\n");
		fprintf(
		    out, "\tif (data + 64 > (unsigned char *)(long)context->data_end) return 0;\n");
		fprintf(out, "\tunsigned x = *(unsigned *)data;\n");
	} else {
		write_function_head(symbol);
		fprintf(out, "\n{\n");
		if (symbol->parameters[1] == POINTER) /* the verifier's concern */
			fprintf(out, "\tif (!p1) return x;\n");
	}
	write_statements(symbol->body[module], module, symbol->parameters, 1);
	fprintf(out, "\treturn x;\n}\n");
}

static void write_module(int module)
{
	out = create("m%d.c", module);
	fprintf(out, "#include \"program.h\"\n\n");
	for (int pass = 0; pass < 2; pass++) {
		bool functions = pass;
		for (int i = 0; i < symbol_count; i++)
			if ((symbols[i].shape == FUNCTION) == functions &&
			    symbols[i].alias_of < 0 && strcmp(symbols[i].name, "LICENSE"))
				write_declaration(&symbols[i], module);
	}
	fprintf(out, "\n");
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].shape != FUNCTION)
			write_definition(&symbols[i], module);
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].alias_of >= 0)
			write_declaration(&symbols[i], module);
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].shape == FUNCTION)
			write_definition(&symbols[i], module);
	finish(out);
}

static void write_modules(void)
{
	for (int m = 0; m < module_count; m++)
		write_module(m);
	out = create("program.h");
	fprintf(out, "#pragma once\n\n"
		     "#define SECTION(name) __attribute__((section(name), used))\n\n"
		     "#ifdef __bpf__\n"
		     "struct context { unsigned data, data_end; };\n"
		     "#else\n"
		     "struct context { unsigned long data, data_end; };\n"
		     "#endif\n\n"
		     "struct record {\n"
		     "\tunsigned long long wide;\n"
		     "\tunsigned word;\n"
		     "\tunsigned char bytes[4];\n"
		     "\tunsigned words[4];\n"
		     "};\n");
	finish(out);
}

/* Calls visit for each symbol that the statements name. */
static void each_symbol(
    const struct statement *statement, void (*visit)(int number, int module), int module)
{
	for (; statement; statement = statement->next) {
		if (statement->action == USE_PARAMETER || statement->action == USE_RECORD)
			continue;
		if (statement->symbol >= 0)
			visit(statement->symbol, module);
		if (statement->other >= 0)
			visit(statement->other, module);
		each_symbol(statement->then, visit, module);
		each_symbol(statement->otherwise, visit, module);
	}
}

static bool surely_referred[SYMBOLS][MODULES];

static void note_reference(int number, int module)
{
	struct symbol *symbol = &symbols[number];

	if (surely_referred[number][module])
		return;
	surely_referred[number][module] = true;
	if (symbol->local >= 0)
		each_symbol(symbol->body[module], note_reference, module);
}

/* A compiler leaves out static functions that nothing needs, and may leave out inline ones; with
 * them goes what only they refer to. A declaration hides a symbol where it is surely there. */
static void settle_hidden(void)
{
	for (int i = 0; i < symbol_count; i++)
		for (int m = 0; m < module_count; m++)
			if (symbols[i].local < 0 && symbols[i].linkage[m] != INLINE)
				each_symbol(symbols[i].body[m], note_reference, m);
	for (int i = 0; i < symbol_count; i++)
		for (int m = 0; m < module_count; m++)
			symbols[i].hidden[m] &=
			    symbols[i].linkage[m] != NONE || surely_referred[i][m];
}

static bool is_hidden(const struct symbol *symbol)
{
	for (int m = 0; m < module_count; m++)
		if (symbol->hidden[m] && takes_part(m))
			return true;
	return false;
}

static void reach(int number, int module)
{
	struct symbol *symbol = &symbols[number];

	if (symbol->alias_of >= 0) {
		symbol->reached = true;
		/* it stands for the definition of its own module */
		if (symbols[symbol->alias_of].winner == symbol->winner)
			reach(symbol->alias_of, module);
		else
			each_symbol(
			    symbols[symbol->alias_of].body[symbol->winner], reach, symbol->winner);
		return;
	}
	if (symbol->reached)
		return;
	symbol->reached = true;
	each_symbol(symbol->body[symbol->winner], reach, symbol->winner);
}

static bool is_defined_in_input(const struct symbol *symbol)
{
	for (int m = 0; m < input_count; m++)
		if (symbol->linkage[m] != NONE && symbol->linkage[m] != INLINE)
			return true;
	return false;
}

static bool is_visible(const struct symbol *symbol)
{
	if (symbol->local >= 0 || symbol->winner < 0)
		return false;
	if (symbol->used)
		return true;
	return !exports_given && !is_hidden(symbol) && is_defined_in_input(symbol);
}

static void write_visible(const struct symbol *symbol)
{
	fprintf(out, "visible %s %s %s\n", symbol->name,
	    symbol->shape == FUNCTION ? "FUNC" : "OBJECT",
	    symbol->linkage[symbol->winner] == WEAK ? "WEAK" : "GLOBAL");
}

/* Without exports: what the inputs define, and of the members the variables that these need. */
static void choose_visible(void)
{
	FILE *exports = create("exports");
	bool from_file = percent(30), any = false;

	for (int i = 0; i < symbol_count; i++)
		if (is_visible(&symbols[i]))
			reach(i, symbols[i].winner);
	for (int i = 0; i < symbol_count; i++) {
		struct symbol *symbol = &symbols[i];
		bool exported = exports_given && symbol->local < 0 && symbol->winner >= 0 &&
				modules[symbol->winner].role != USED_ONLY && !is_hidden(symbol) &&
				percent(symbol->program ? 70 : 10);
		bool needed_variable = !exports_given && symbol->reached &&
				       symbol->shape != FUNCTION && symbol->local < 0 &&
				       !is_hidden(symbol);
		if (exported && from_file)
			fprintf(exports, "%s\n", symbol->name);
		else if (exported)
			fprintf(out, "%s%s", any ? "," : "option --export=", symbol->name);
		any |= exported && !from_file;
		symbol->exported = exported || is_visible(symbol) || needed_variable;
	}
	if (any)
		fprintf(out, "\n");
	else if (exports_given)
		fprintf(out, "option --export-symbols=exports\n");
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].exported)
			write_visible(&symbols[i]);
	finish(exports);
}

static bool has_archive(int archive)
{
	for (int m = 0; m < module_count; m++)
		if (is_member(m) && modules[m].archive == archive)
			return true;
	return false;
}

static bool has_alias_of_lost(void)
{
	for (int i = 0; i < symbol_count; i++)
		if (symbols[i].alias_of >= 0 && symbols[i].winner >= 0 &&
		    symbols[symbols[i].alias_of].winner != symbols[i].winner)
			return true;
	return false;
}

static void write_inputs(void)
{
	/* before which input each archive stands */
	int place[2] = {below(input_count + 1), below(input_count + 1)};

	if (archives_last)
		place[0] = place[1] = input_count;
	for (int archive = 0; archive < 2; archive++) {
		if (!has_archive(archive))
			continue;
		fprintf(out, "archive lib%c", 'a' + archive);
		for (int m = 0; m < module_count; m++)
			if (is_member(m) && modules[m].archive == archive)
				fprintf(out, " m%d", m);
		fprintf(out, "\n");
	}
	if (place[1] < place[0])
		place[1] = place[0];
	fprintf(out, "input");
	for (int m = 0; m <= input_count; m++) {
		for (int archive = 0; archive < 2; archive++)
			if (has_archive(archive) && place[archive] == m)
				fprintf(out, " lib%c.a", 'a' + archive);
		if (m < input_count)
			fprintf(out, " m%d.bc", m);
	}
	fprintf(out, "\n");
	/* LLVM's linker lets an alias of a definition that lost stand for the one that won */
	if (!has_alias_of_lost()) {
		fprintf(out, "eager");
		for (int m = 0; m < module_count; m++)
			if (!modules[m].left_out)
				fprintf(out, " m%d", m);
		fprintf(out, "\n");
	}
}

static void write_module_flags(void)
{
	for (int m = 0; m < module_count; m++)
		fprintf(out, "module m%d -O%d%s%s\n", m, modules[m].level,
		    modules[m].debug ? " -g" : "",
		    /* else all functions are noinline, and of no use to bpf-linker */
		    modules[m].level == 0 ? " -Xclang -disable-O0-optnone" : "");
}

static void write_packet(int packet, const uint32_t *words)
{
	FILE *file = create("packet%d", packet);

	fwrite(words, sizeof *words, PACKET_WORDS, file);
	finish(file);
}

static void write_answers(void)
{
	FILE *host = create("host.c");
	uint32_t words[PACKET_WORDS];

	fprintf(host, "#include <stdio.h>\n#include \"program.h\"\n\n"
		      "int prog0(struct context *), prog1(struct context *);\n\n"
		      "static void run(int (*program)(struct context *), const char *name,\n"
		      "    const unsigned *packet, int number)\n{\n"
		      "\tstruct context context = {(long)packet, (long)packet + 64};\n"
		      "\tprintf(\"%%s %%d %%u\\n\", name, number, program(&context));\n}\n\n"
		      "int main(void)\n{\n");
	load();
	for (int packet = 0; packet < PACKETS; packet++) {
		for (int i = 0; i < PACKET_WORDS; i++)
			words[i] = random_word();
		write_packet(packet, words);
		fprintf(host, "\tstatic const unsigned packet%d[%d] = {%" PRIu32 "u};\n", packet,
		    PACKET_WORDS, words[0]);
		for (int i = 0; i < symbol_count; i++) {
			if (!symbols[i].program)
				continue;
			fprintf(out, "answer %s %d %" PRIu32 "\n", symbols[i].name, packet,
			    call_symbol(i, words[0], NULL, NULL));
			fprintf(host, "\trun(%s, \"%s\", packet%d, %d);\n", symbols[i].name,
			    symbols[i].name, packet, packet);
		}
	}
	fprintf(host, "\treturn 0;\n}\n");
	finish(host);
}

int main(int argc, char **argv)
{
	FILE *manifest;

	if (argc != 3) {
		fprintf(stderr, "Usage: random-program SEED DIR\n");
		return 2;
	}
	random_state = strtoull(argv[1], NULL, 10);
	directory = argv[2];
	manifest = out = create("manifest");
	make_modules();
	make_program();
	settle_hidden();
	write_modules();
	out = manifest;
	write_module_flags();
	write_inputs();
	choose_visible();
	write_answers();
	finish(manifest);
	return 0;
}
