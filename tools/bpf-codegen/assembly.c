#include "assembly.h"
#include "diagnostic.h"
#include "location.h"
#include "map.h"
#include "memory.h"
#include "user.h"
#include <llvm-c/Core.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As of ld.lld and clang; each is looked for in all of the module. */
enum { MOST_ERRORS = 20 };

static struct map said = {.kind = MAP_OF_STRINGS};  /* messages */
static struct map found = {.kind = MAP_OF_STRINGS}; /* lines of instructions' assembly */
static LLVMValueRef faulty; /* the last of which more than a line was said to be wrong */

/* A line of assembly as an instruction has it, with operands to be put in. */
struct line {
	const char *text;
	size_t length;
};

/* NULL where it has none. */
static const char *assembly_of(LLVMValueRef instruction)
{
	LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
	size_t size;

	return called && LLVMIsAInlineAsm(called) ? LLVMGetInlineAsmAsmString(called, &size) : NULL;
}

/* The next instruction with assembly, the first where instruction is NULL; NULL after the last. */
static LLVMValueRef next_assembly(LLVMModuleRef module, LLVMValueRef instruction)
{
	LLVMBasicBlockRef block = instruction ? LLVMGetInstructionParent(instruction) : NULL;
	LLVMValueRef function = block ? LLVMGetBasicBlockParent(block) : NULL;

	for (;;) {
		if (instruction)
			instruction = LLVMGetNextInstruction(instruction);
		while (!instruction) {
			if (block)
				block = LLVMGetNextBasicBlock(block);
			while (!block) {
				function = function ? LLVMGetNextFunction(function)
						    : LLVMGetFirstFunction(module);
				if (!function)
					return NULL;
				block = LLVMGetFirstBasicBlock(function);
			}
			instruction = LLVMGetFirstInstruction(block);
		}
		if (assembly_of(instruction))
			return instruction;
	}
}

/* The length of the operand that text begins with, `$1` or `${1:w}`; 0 where it is none. */
static size_t operand_length(const char *text)
{
	const char *brace = strncmp(text, "${", 2) ? NULL : strchr(text, '}');
	size_t digits = *text == '$' ? strspn(text + 1, "0123456789") : 0;

	return brace ? (size_t)(brace + 1 - text) : digits ? digits + 1 : 0;
}

/* Whether the line is the code once operands, of any text, are put in. */
static bool matches(const char *line, const char *code)
{
	const char *after_operand = NULL,
		   *resume = NULL; /* where the operand may end in the code */
	size_t operand;

	while (*code || *line) {
		if ((operand = operand_length(line))) {
			after_operand = line += operand;
			resume = code;
		} else if (*line && *line == *code) {
			line += strncmp(line, "$$", 2) ? 1 : 2;
			code++;
		} else if (resume && *resume) {
			line = after_operand;
			code = ++resume;
		} else {
			return false;
		}
	}
	return true;
}

/* The text without white space, some of which goes where an operand is empty; to be freed. */
static char *without_space(const char *text, size_t length)
{
	char *copy = xcalloc(length + 1, 1), *end = copy;

	for (size_t i = 0; i < length; i++)
		if (!isspace((unsigned char)text[i]))
			*end++ = text[i];
	return copy;
}

static struct line trimmed(const char *text, size_t length)
{
	while (length && isspace((unsigned char)*text))
		text++, length--;
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return (struct line){text, length};
}

/* The instruction's line that becomes the code; of length 0 where none does. */
static struct line line_of(LLVMValueRef instruction, const char *code)
{
	struct line found_line = {"", 0};
	char *wanted = without_space(code, strlen(code));

	for (const char *text = assembly_of(instruction); *text && !found_line.length;) {
		size_t length = strcspn(text, "\n");
		char *own = without_space(text, length);
		if (*own && matches(own, wanted))
			found_line = trimmed(text, length);
		free(own);
		text += length + (text[length] == '\n');
	}
	free(wanted);
	return found_line;
}

/* Whether the instruction is the one that LLVM means with `at line COOKIE`: clang's number of a
 * place in the source. */
static bool has_cookie(LLVMValueRef instruction, unsigned long long cookie)
{
	static const char kind[] = "srcloc";
	LLVMValueRef node = LLVMGetMetadata(instruction,
	    LLVMGetMDKindIDInContext(LLVMGetValueContext(instruction), kind, sizeof kind - 1));
	unsigned count = node ? LLVMGetMDNodeNumOperands(node) : 0;
	LLVMValueRef *operands = xcalloc(count + 1, sizeof *operands);
	bool result = false;

	if (node)
		LLVMGetMDNodeOperands(node, operands);
	if (count && operands[0] && LLVMIsAConstantInt(operands[0])) {
		unsigned long long value = LLVMConstIntGetZExtValue(operands[0]);
		result = value == cookie || (uint32_t)value == cookie;
	}
	free(operands);
	return result;
}

/* Files may have equal numbers: NULL where it is not known which one is meant. */
static LLVMValueRef find_by_cookie(LLVMModuleRef module, unsigned long long cookie)
{
	LLVMValueRef first = NULL;

	for (LLVMValueRef next = NULL; (next = next_assembly(module, next));) {
		if (!has_cookie(next, cookie))
			continue;
		if (first && strcmp(assembly_of(first), assembly_of(next)) != 0)
			return NULL;
		first = first ? first : next;
	}
	return first;
}

/* The message, with ": 'CODE'" unless that is NULL; "" where it was said, with the line as it is
 * before operands are put in. */
static char *describe(
    LLVMValueRef instruction, const char *text, int length, const char *code, struct line line)
{
	bool has_line;
	char *user = user_describe(user_function_of(instruction), instruction, &has_line);
	size_t end = strlen(user);
	const char *hint = has_line ? "" : location_hint();

	user[end && user[end - 1] == ',' ? end - 1 : end] = '\0';
	bool is_new = map_add(
	    &said, xasprintf("%s: %.*s: %.*s", user, length, text, (int)line.length, line.text));
	char *message = !is_new ? xstrdup("")
			: code  ? xasprintf("%s: %.*s: '%s'%s", user, length, text, code, hint)
				: xasprintf("%s: %.*s%s", user, length, text, hint);
	free(user);
	return message;
}

/* `TEXT`, and the line of assembly that LLVM does not understand: of several instructions that have
 * it the next one, as code is generated in their order. */
static char *describe_line(LLVMModuleRef module, const char *text)
{
	const char *newline = strchr(text, '\n');
	bool any = false;

	if (!newline)
		return NULL;
	struct line shown = trimmed(newline + 1, strcspn(newline + 1, "\n"));
	char *code = xstrndup(shown.text, shown.length);
	if (faulty && line_of(faulty, code).length)
		return xstrdup("");
	for (LLVMValueRef next = NULL; (next = next_assembly(module, next));) {
		struct line line = line_of(next, code);
		any |= line.length;
		if (line.length &&
		    map_add(&found, xasprintf("%p %p", (void *)next, (const void *)line.text)))
			return describe(next, text, newline - text, code, line);
	}
	return any ? xstrdup("") : NULL;
}

static bool is_of_text(const char *diagnostic)
{
	static const char start[] = "<inline asm>:";

	return !strncmp(diagnostic, start, sizeof start - 1);
}

static char *reword(LLVMModuleRef module, const char *diagnostic)
{
	if (is_of_text(diagnostic)) {
		const char *text = strstr(diagnostic, ": ");
		return text ? describe_line(module, text + 2) : NULL;
	}
	const char *cookie = strrchr(diagnostic, ' ');
	LLVMValueRef instruction = find_by_cookie(module, strtoull(cookie, NULL, 10));
	if (!instruction)
		return NULL;
	faulty = instruction;
	return describe(
	    instruction, diagnostic, diagnostic_length(diagnostic), NULL, (struct line){"", 0});
}

char *assembly_reword(LLVMModuleRef module, const char *diagnostic)
{
	static unsigned count;

	if (!is_of_text(diagnostic) && !diagnostic[diagnostic_length(diagnostic)])
		return NULL;
	char *reworded = count > MOST_ERRORS ? xstrdup("") : reword(module, diagnostic);
	if ((reworded && !*reworded) || ++count <= MOST_ERRORS)
		return reworded;
	free(reworded);
	return xstrdup("too many errors in inline assembly; no more are shown");
}
