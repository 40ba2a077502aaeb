/* What the symbols are: variables, and functions with their bodies. */
#include "random-program.h"

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
uint32_t size_in(const struct symbol *symbol, int module)
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

void refer(unsigned set, int number)
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

static void choose_parameter(
    struct statement *statement, const struct symbol *function, int parameter)
{
	statement->symbol = parameter;
	if (parameter >= function->parameter_count)
		use_nothing(statement);
	else if (function->parameters[parameter] == POINTER)
		statement->action = USE_RECORD;
	else
		statement->action = USE_PARAMETER;
}

/* Refers to both symbols of the statement, if there are two, in a module of its own. */
static bool refer_to_both(const struct statement *statement, unsigned set)
{
	if (statement->symbol < 0 || statement->other < 0 || set & (set - 1))
		return false;
	refer(set, statement->symbol);
	refer(set, statement->other);
	return true;
}

static void choose_pointers(struct statement *statement, unsigned set)
{
	statement->symbol = random_variable(set, is_mutable_word);
	statement->other = random_variable(set, is_mutable_word);
	if (!refer_to_both(statement, set))
		use_nothing(statement);
}

static void choose_table(struct statement *statement, struct symbol *function, unsigned set)
{
	statement->symbol = random_function(set, function, takes_only_x);
	if (statement->symbol >= 0)
		note_call(function, statement->symbol);
	statement->other = random_function(set, function, takes_only_x);
	if (refer_to_both(statement, set))
		note_call(function, statement->other);
	else
		use_nothing(statement);
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
		choose_parameter(statement, function, parameter);
		break;
	case USE_VARIABLE:
		statement->symbol = random_variable(set, NULL);
		if (statement->symbol < 0)
			use_nothing(statement);
		else
			refer(set, statement->symbol);
		break;
	case USE_POINTERS:
		choose_pointers(statement, set);
		break;
	case CALL:
		statement->symbol = random_function(set, function, NULL);
		if (statement->symbol < 0)
			use_nothing(statement);
		else
			statement = call_of(function, set, statement->symbol);
		break;
	case CALL_BY_TABLE:
		choose_table(statement, function, set);
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

void make_program(void)
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
