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
 *     eager MODULE...         linked whole, in this order, these do the same; not always there
 *     visible NAME TYPE BINDING   a symbol that the object has for others
 *     answer PROGRAM PACKET VALUE   what the program returns, run after run
 *
 * The same seed makes the same program. The answers come from running it here, with each name bound
 * to the definition that an ELF linker takes. Names are never bound by accident of the order in
 * which a linker loads members: a module is an input, a member that an input or such a member
 * needs, a member that nothing but unneeded members needs, or a member that only has a used
 * variable. */
#include "random-program.h"

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

static void write_pointer(int number, uint32_t index)
{
	const struct symbol *symbol = &symbols[number];

	if (symbol->shape == ARRAY)
		fprintf(out, "&%s[%" PRIu32 "]", symbol->name, index);
	else
		fprintf(out, "&%s", symbol->name);
}

static void write_use_of_pointers(const struct statement *statement)
{
	fprintf(out, "{ static unsigned *const pointers[] = {");
	write_pointer(statement->symbol, statement->a % 4);
	fprintf(out, ", ");
	write_pointer(statement->other, statement->b % 4);
	fprintf(out, "}; *pointers[0] += x; x ^= *pointers[1] * %" PRIu32 "u; }\n", statement->a);
}

static void write_calls_by_table(const struct statement *statement)
{
	fprintf(out,
	    "{ static unsigned (*const steps[])(unsigned) = {%s, %s}; "
	    "x = steps[0](x); x = steps[1](x); }\n",
	    symbols[statement->symbol].name, symbols[statement->other].name);
}

static void write_statements(
    const struct statement *statement, int module, const enum parameter *parameters, int indent);

static void write_branch(
    const struct statement *statement, int module, const enum parameter *parameters, int indent)
{
	fprintf(out, "if (x & %" PRIu32 "u) {\n", statement->a);
	write_statements(statement->then, module, parameters, indent + 1);
	fprintf(out, "%.*s} else {\n", indent, "\t\t\t");
	write_statements(statement->otherwise, module, parameters, indent + 1);
	fprintf(out, "%.*s}\n", indent, "\t\t\t");
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
			write_use_of_pointers(statement);
			break;
		case CALL:
			write_call(statement);
			break;
		case CALL_BY_TABLE:
			write_calls_by_table(statement);
			break;
		case BRANCH:
			write_branch(statement, module, parameters, indent);
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

/* User space sees a hidden variable, unless there are exports. */
static bool stays_hidden(const struct symbol *symbol)
{
	return is_hidden(symbol) && !exports_given && symbol->shape != FUNCTION;
}

static bool is_visible(const struct symbol *symbol)
{
	if (symbol->local >= 0 || symbol->winner < 0)
		return false;
	if (symbol->used)
		return true;
	return !exports_given && (!is_hidden(symbol) || stays_hidden(symbol)) &&
	       is_defined_in_input(symbol);
}

static void write_visible(const struct symbol *symbol)
{
	fprintf(out, "visible %s %s %s %s\n", symbol->name,
	    symbol->shape == FUNCTION ? "FUNC" : "OBJECT",
	    symbol->linkage[symbol->winner] == WEAK ? "WEAK" : "GLOBAL",
	    stays_hidden(symbol) ? "HIDDEN" : "DEFAULT");
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
				       (!is_hidden(symbol) || stays_hidden(symbol));
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
	int position[2] = {below(input_count + 1), below(input_count + 1)};

	if (archives_last)
		position[0] = position[1] = input_count;
	for (int archive = 0; archive < 2; archive++) {
		if (!has_archive(archive))
			continue;
		fprintf(out, "archive lib%c", 'a' + archive);
		for (int m = 0; m < module_count; m++)
			if (is_member(m) && modules[m].archive == archive)
				fprintf(out, " m%d", m);
		fprintf(out, "\n");
	}
	if (position[1] < position[0])
		position[1] = position[0];
	fprintf(out, "input");
	for (int m = 0; m <= input_count; m++) {
		for (int archive = 0; archive < 2; archive++)
			if (has_archive(archive) && position[archive] == m)
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
