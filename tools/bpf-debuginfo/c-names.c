#include "c-names.h"
#include "libllvm.h"
#include "map.h"
#include "memory.h"
#include "metadata.h"
#include "nodes.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool is_identifier(const char *name)
{
	return strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			    "uvwxyz_") == strlen(name) &&
	       (*name < '0' || *name > '9');
}

char *sanitized(const char *name)
{
	char *text, *end;
	size_t size;
	FILE *stream = xopen_memstream(&text, &size);

	if (*name >= '0' && *name <= '9')
		fputc('_', stream);
	for (const char *c = name; *c; c++) {
		char byte[] = {*c, '\0'};
		if (is_identifier(byte) || (*c >= '0' && *c <= '9'))
			fputc(*c, stream);
		else
			fprintf(stream, "_%X_", (unsigned char)*c);
	}
	xclose_memstream(stream);
	if (size > LONGEST_NAME) {
		end = xasprintf("_%016" PRIx64, hash_string(name));
		memcpy(text + LONGEST_NAME - strlen(end), end, strlen(end) + 1);
		free(end);
	}
	return text;
}

/* What BTF is printed as, C, has no such names. */
static bool is_reserved_word(const char *name)
{
	static const char *const reserved[] = {"asm", "auto", "break", "case", "char", "const",
	    "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
	    "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
	    "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned",
	    "void", "volatile", "while"};

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (!strcmp(name, reserved[i]))
			return true;
	return false;
}

void sanitize_name(LLVMValueRef node, unsigned index, const char *what)
{
	char *name = text_at(node, index);

	if (is_reserved_word(name)) {
		char *fit = xasprintf("%s_", name);
		note(what, name, xasprintf("is renamed to '%s': it is a reserved word in C", fit));
		set_operand(node, index, string(fit));
		free(fit);
	} else if (*name && (!is_identifier(name) || strlen(name) > LONGEST_NAME)) {
		char *fit = sanitized(name);
		note(what, name, xasprintf("is sanitized to the C identifier '%s'", fit));
		set_operand(node, index, string(fit));
		free(fit);
	}
	free(name);
}

const char *name_in_c(const char *encoding, uint64_t bits)
{
	static const struct {
		const char *encoding;
		unsigned bits;
		const char *name;
	} types[] = {
	    {"DW_ATE_unsigned", 8, "unsigned char"},
	    {"DW_ATE_unsigned", 16, "unsigned short"},
	    {"DW_ATE_unsigned", 32, "unsigned int"},
	    {"DW_ATE_unsigned", 64, "unsigned long long"},
	    {"DW_ATE_unsigned", 128, "unsigned __int128"},
	    {"DW_ATE_unsigned_char", 8, "unsigned char"},
	    {"DW_ATE_signed", 8, "signed char"},
	    {"DW_ATE_signed", 16, "short"},
	    {"DW_ATE_signed", 32, "int"},
	    {"DW_ATE_signed", 64, "long long"},
	    {"DW_ATE_signed", 128, "__int128"},
	    {"DW_ATE_signed_char", 8, "signed char"},
	    {"DW_ATE_boolean", 8, "_Bool"},
	    {"DW_ATE_UTF", 8, "unsigned char"},
	    {"DW_ATE_UTF", 16, "unsigned short"},
	    {"DW_ATE_UTF", 32, "unsigned int"},
	    {"DW_ATE_float", 16, "_Float16"},
	    {"DW_ATE_float", 32, "float"},
	    {"DW_ATE_float", 64, "double"},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bits == types[i].bits && !strcmp(encoding, types[i].encoding))
			return types[i].name;
	return NULL;
}

bool is_name_in_c(const char *name)
{
	static const char *const names[] = {"char", "signed char", "unsigned char", "short",
	    "unsigned short", "int", "unsigned int", "long", "unsigned long", "long long",
	    "unsigned long long", "__int128", "unsigned __int128", "_Bool", "float", "double",
	    "long double", "_Float16"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

LLVMDWARFTypeEncoding encoding_of_c(const char *name)
{
	enum {
		BOOLEAN = 2,
		FLOAT = 4,
		SIGNED = 5,
		SIGNED_CHAR = 6,
		UNSIGNED = 7,
		UNSIGNED_CHAR = 8
	};

	if (!strcmp(name, "_Bool"))
		return BOOLEAN;
	if (!strcmp(name, "float") || !strcmp(name, "double") || !strcmp(name, "_Float16"))
		return FLOAT;
	if (!strcmp(name, "unsigned char"))
		return UNSIGNED_CHAR;
	if (!strcmp(name, "signed char"))
		return SIGNED_CHAR;
	return strncmp(name, "unsigned", 8) ? SIGNED : UNSIGNED;
}
