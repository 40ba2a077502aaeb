/* Running the program here. */
#include "random-program.h"

static uint32_t run_function(
    int number, int module, uint32_t x, const uint64_t *arguments, struct record *record);

uint32_t call_symbol(int number, uint32_t x, const uint64_t *arguments, struct record *record)
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
static uint32_t *word_of(int number, uint32_t index)
{
	struct symbol *symbol = storage(number);

	return &symbol->words[symbol->shape == ARRAY ? index : 0];
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

const char *const texts[] = {"bitcode", "archive", "symbols", "linkers"};

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

static uint32_t use_record(struct record *record, uint32_t x)
{
	record->word ^= x;
	record->wide += record->word;
	record->words[1] += record->bytes[3];
	return x + (uint32_t)(record->wide >> 3);
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
			x = use_record(record, x);
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
			x = call_symbol(statement->symbol, x, NULL, record);
			x = call_symbol(statement->other, x, NULL, record);
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

void load(void)
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
