/* Symbols that module asm defines, which LLVM-C does not tell: labels that a directive makes
 * global. */
#include "linker.h"
#include "memory.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static size_t name_length(const char *text)
{
	return strcspn(text, " \t,:;=#\n");
}

/* NULL after the last. */
static const char *next_statement(const char *text)
{
	const char *end = strpbrk(text, "\n;");

	return end ? end + 1 : NULL;
}

static bool has_label(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text; text = next_statement(text)) {
		const char *line = skip_blanks(text);
		if (name_length(line) == length && !memcmp(line, name, length) &&
		    *skip_blanks(line + length) == ':')
			return true;
	}
	return false;
}

/* The names that the statement makes global, `a, b`; NULL where it is no such directive. */
static const char *global_names(const char *statement)
{
	static const char *const directives[] = {".globl", ".global", ".weak"};
	const char *word = skip_blanks(statement);

	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
		size_t length = strlen(directives[i]);
		if (!strncmp(word, directives[i], length) && strchr(" \t", word[length]))
			return skip_blanks(word + length);
	}
	return NULL;
}

void each_asm_symbol(struct module *module, void (*visit)(struct module *module, const char *name))
{
	size_t length;
	const char *given = LLVMGetModuleInlineAsm(module->ir, &length);
	char *text = xstrndup(given, length);

	for (const char *line = length ? text : NULL; line; line = next_statement(line)) {
		const char *names = global_names(line);
		while (names && name_length(names)) {
			char *name = xstrndup(names, name_length(names));
			if (has_label(text, name))
				visit(module, name);
			names = skip_blanks(names + strlen(name));
			names = *names == ',' ? skip_blanks(names + 1) : NULL;
			free(name);
		}
	}
	free(text);
}
