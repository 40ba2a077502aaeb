#include "asm-text.h"
#include "memory.h"
#include <ctype.h>
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct lexer {
	const char *at, *end;
	bool is_inline;
	bool at_start;       /* of a statement: labels, then what it does */
	bool is_instruction; /* the statement is */
	enum asm_role role;  /* of its next word */
	void (*visit)(const struct asm_word *word, void *data);
	void *data;
};

/* What the words after a directive are, where they are not references. */
static const struct {
	const char *name;
	enum asm_role role;
} directives[] = {
    {".globl", ASM_GLOBAL},
    {".global", ASM_GLOBAL},
    {".weak", ASM_GLOBAL},
    {".comm", ASM_GLOBAL},
    {".common", ASM_GLOBAL},
    {".set", ASM_DEFINITION},
    {".equ", ASM_DEFINITION},
    {".equiv", ASM_LABEL},
    {".lcomm", ASM_DEFINITION},
    {".macro", ASM_MACRO},
    {".purgem", ASM_MACRO},
    {".ascii", ASM_NONE},
    {".asciz", ASM_NONE},
    {".string", ASM_NONE},
    {".section", ASM_NONE},
    {".pushsection", ASM_NONE},
    {".ident", ASM_NONE},
    {".file", ASM_NONE},
    {".loc", ASM_NONE},
    {".incbin", ASM_NONE},
    {".include", ASM_NONE},
    {".error", ASM_NONE},
    {".warning", ASM_NONE},
    {".print", ASM_NONE},
};

/* What BPFAsmParser takes for a part of the instruction, behind its first word. */
static bool is_operator(const char *name)
{
	static const char *const words[] = {"addr_space_cast", "atomic_fetch_add",
	    "atomic_fetch_and", "atomic_fetch_or", "atomic_fetch_xor", "be16", "be32", "be64",
	    "bswap16", "bswap32", "bswap64", "cmpxchg32_32", "cmpxchg_64", "goto", "gotol", "le16",
	    "le32", "le64", "ll", "load_acquire", "s", "s16", "s32", "s64", "s8", "skb", "u16",
	    "u32", "u64", "u8", "xchg32_32", "xchg_64"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(name, words[i]))
			return true;
	return false;
}

static bool is_register(const char *name)
{
	char *end;

	if (!strchr("rw", *name) || !isdigit((unsigned char)name[1]) || (name[1] == '0' && name[2]))
		return false;
	return strtoul(name + 1, &end, 10) <= 11 && !*end;
}

/* Of an operand `$0`, `${1:l}` or `${:uid}`; 0 where there is none. */
static size_t operand_length(const struct lexer *lexer)
{
	size_t left = lexer->end - lexer->at, length = 1;

	if (!lexer->is_inline || left < 2 || *lexer->at != '$')
		return 0;
	if (lexer->at[1] == '{') {
		const char *brace = memchr(lexer->at, '}', left);
		return brace ? (size_t)(brace + 1 - lexer->at) : left;
	}
	while (length < left && isdigit((unsigned char)lexer->at[length]))
		length++;
	return length > 1 ? length : 0;
}

/* Of the next part of a word: a character, or what becomes one or more. */
static size_t part_length(const struct lexer *lexer)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.?@";
	size_t left = lexer->end - lexer->at;

	if (!left || !*lexer->at)
		return 0;
	if (*lexer->at == '$' && lexer->is_inline)
		return left > 1 && lexer->at[1] == '$' ? 2 : operand_length(lexer);
	if (*lexer->at == '\\') /* an argument of a macro */
		return left > 2 && lexer->at[1] == '(' ? 3 : 1;
	return *lexer->at == '$' || strchr(letters, *lexer->at) ? 1 : 0;
}

/* Of a quoted text, with the quotes. */
static size_t quoted_length(const struct lexer *lexer)
{
	size_t left = lexer->end - lexer->at, length = 1;

	while (length < left && lexer->at[length] != *lexer->at)
		length += lexer->at[length] == '\\' ? 2 : 1;
	return length < left ? length + 1 : left;
}

static void skip_to(struct lexer *lexer, const char *after)
{
	const char *found = memmem(lexer->at, lexer->end - lexer->at, after, strlen(after));

	lexer->at = found ? found + strlen(after) : lexer->end;
}

static bool begins_with(const struct lexer *lexer, const char *prefix)
{
	size_t length = strlen(prefix);

	return (size_t)(lexer->end - lexer->at) >= length && !memcmp(lexer->at, prefix, length);
}

/* Blanks, and comments that end no statement. */
static void skip_blanks(struct lexer *lexer)
{
	for (;;) {
		if (begins_with(lexer, "/*"))
			skip_to(lexer, "*/");
		else if (begins_with(lexer, " ") || begins_with(lexer, "\t"))
			lexer->at++;
		else
			return;
	}
}

/* NULL where operands or arguments of a macro are a part of it, or escapes. */
static char *name_of(const struct lexer *lexer, const char *text, size_t length)
{
	if (memchr(text, '\0', length))
		return NULL;
	char *name = xstrndup(text, length), *to = name;
	for (const char *from = name; *from; from++) {
		bool is_dollar = *from == '$' && lexer->is_inline;
		if (*from == '\\' || (is_dollar && from[1] != '$')) {
			free(name);
			return NULL;
		}
		from += is_dollar;
		*to++ = *from;
	}
	*to = '\0';
	return name;
}

/* A symbol that may be renamed: not a number, nor where the code is, nor `@function`. */
static bool is_symbol(const struct asm_word *word)
{
	return word->length && !isdigit((unsigned char)*word->text) && *word->text != '@' &&
	       !(word->length == 1 && *word->text == '.');
}

static void visit_word(struct lexer *lexer, struct asm_word *word, enum asm_role role)
{
	char *name = name_of(lexer, word->text, word->length);

	word->name = name;
	word->role = role;
	if (role != ASM_NONE && is_symbol(word))
		lexer->visit(word, lexer->data);
	free(name);
}

static void begin_statement(struct lexer *lexer)
{
	lexer->at_start = lexer->is_instruction = true;
	lexer->role = ASM_REFERENCE;
}

/* The directive, or the instruction's first word. */
static void take_first_word(struct lexer *lexer, struct asm_word *word)
{
	visit_word(lexer, word, ASM_MNEMONIC);
	lexer->at_start = false;
	lexer->is_instruction = !word->length || *word->text != '.';
	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
		if (strlen(directives[i].name) == word->length &&
		    !strncasecmp(directives[i].name, word->text, word->length))
			lexer->role = directives[i].role;
}

static void visit_operand(struct lexer *lexer, struct asm_word *word, bool is_quoted)
{
	char *text = xstrndup(word->text, word->length);
	bool is_own =
	    lexer->is_instruction && !is_quoted && (is_operator(text) || is_register(text));

	visit_word(lexer, word, is_own ? ASM_NONE : lexer->role);
	if (lexer->role == ASM_DEFINITION || lexer->role == ASM_LABEL)
		lexer->role = ASM_REFERENCE;
	if (lexer->role == ASM_MACRO)
		lexer->role = ASM_NONE;
	free(text);
}

static void take_word(struct lexer *lexer, size_t length, size_t is_quoted)
{
	/* a quote alone, at the end, has nothing behind it */
	struct asm_word word = {
	    lexer->at + is_quoted, length > 2 * is_quoted ? length - 2 * is_quoted : 0};

	lexer->at += length;
	if (lexer->at_start) {
		skip_blanks(lexer);
		if (begins_with(lexer, ":")) {
			lexer->at++;
			visit_word(lexer, &word, ASM_LABEL);
		} else {
			take_first_word(lexer, &word);
		}
	} else {
		visit_operand(lexer, &word, is_quoted);
	}
}

static size_t word_length(const struct lexer *lexer)
{
	struct lexer rest = *lexer;
	size_t length;

	while ((length = part_length(&rest)))
		rest.at += length;
	return rest.at - lexer->at;
}

static void take_other(struct lexer *lexer)
{
	if (begins_with(lexer, "#") || begins_with(lexer, "//")) {
		while (lexer->at < lexer->end && !strchr("\r\n", *lexer->at))
			lexer->at++;
		return;
	}
	lexer->at_start = false;
	if (begins_with(lexer, "\n") || begins_with(lexer, "\r") || begins_with(lexer, ";"))
		begin_statement(lexer);
	lexer->at += begins_with(lexer, "'") ? quoted_length(lexer) : 1;
}

void asm_each_word(
    struct asm_text text, void (*visit)(const struct asm_word *word, void *data), void *data)
{
	struct lexer lexer = {text.text, text.text + text.size, text.is_inline};

	lexer.visit = visit;
	lexer.data = data;
	begin_statement(&lexer);
	for (skip_blanks(&lexer); lexer.at < lexer.end; skip_blanks(&lexer)) {
		bool is_quoted = *lexer.at == '"';
		size_t length = is_quoted ? quoted_length(&lexer) : word_length(&lexer);
		if (length)
			take_word(&lexer, length, is_quoted);
		else
			take_other(&lexer);
	}
}

struct asm_text asm_text_of(LLVMValueRef assembly)
{
	struct asm_text text = {.is_inline = true};

	text.text = LLVMGetInlineAsmAsmString(assembly, &text.size);
	return text;
}

struct asm_text asm_text_of_module(LLVMModuleRef module)
{
	struct asm_text text = {.is_inline = false};

	text.text = LLVMGetModuleInlineAsm(module, &text.size);
	return text;
}
