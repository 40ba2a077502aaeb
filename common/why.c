#include "why.h"
#include "demangle.h"
#include "escape.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include <fnmatch.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list why_names;

/* Names */

bool why_is_glob(const char *wanted)
{
	return strpbrk(wanted, "*?[");
}

/* The length of a path without the generic arguments at its end, as in `f::<T>`. */
static size_t length_without_arguments(const char *path)
{
	size_t length = strlen(path), end = length;
	unsigned depth = 0;

	if (!length || path[length - 1] != '>')
		return length;
	do {
		end--;
		depth += path[end] == '>';
		depth -= path[end] == '<';
	} while (end && depth);
	return end > 2 && !memcmp(path + end - 2, "::", 2) ? end - 2 : length;
}

/* Whether wanted is the path, or its last parts. */
static bool ends_path(const char *path, size_t length, const char *wanted)
{
	size_t end = strlen(wanted);

	return length >= end && !memcmp(path + length - end, wanted, end) &&
	       (length == end || (length > end + 2 && !memcmp(path + length - end - 2, "::", 2)));
}

bool why_means(const char *wanted, const char *symbol)
{
	char *plain = demangle(symbol);
	bool means = !strcmp(wanted, symbol);

	if (why_is_glob(wanted))
		means =
		    means || !fnmatch(wanted, symbol, 0) || (plain && !fnmatch(wanted, plain, 0));
	else if (plain)
		means = means || ends_path(plain, strlen(plain), wanted) ||
			ends_path(plain, length_without_arguments(plain), wanted);
	free(plain);
	return means;
}

/* What is reached */

struct step {
	LLVMValueRef symbol;
	void *module;
	const char *reason;       /* of a root, else NULL, and it is */
	size_t from;              /* this step that refers to it, */
	LLVMValueRef instruction; /* in this instruction, if it is one */
};

static struct {
	ARRAY(struct step);
} steps; /* in the order of their distance from the roots */
static size_t followed;
static struct map seen; /* symbols; and constants, for as long as one step is followed */

static void add(struct step step)
{
	if (map_add(&seen, step.symbol))
		array_add(&steps, step);
}

void why_add_root(
    const struct why_modules *modules, void *module, LLVMValueRef definition, const char *reason)
{
	LLVMValueRef symbol = modules->resolve(&module, definition);

	if (symbol)
		add((struct step){.symbol = symbol, .module = module, .reason = reason});
}

static void follow_value(
    const struct why_modules *modules, LLVMValueRef value, LLVMValueRef instruction)
{
	void *module = steps.items[followed].module;

	if (!LLVMIsAConstant(value))
		return;
	if (LLVMIsAGlobalValue(value)) {
		LLVMValueRef symbol = modules->resolve(&module, value);
		if (symbol)
			add((struct step){symbol, module, NULL, followed, instruction});
		return;
	}
	int operands = LLVMGetNumOperands(value);
	if (operands <= 0 || !map_add(&seen, value))
		return;
	for (int i = 0; i < operands; i++)
		follow_value(modules, LLVMGetOperand(value, i), instruction);
}

static void follow_operands(
    const struct why_modules *modules, LLVMValueRef user, LLVMValueRef instruction)
{
	int operands = LLVMGetNumOperands(user);

	for (int i = 0; i < operands; i++)
		follow_value(modules, LLVMGetOperand(user, i), instruction);
}

static void follow_step(const struct why_modules *modules)
{
	LLVMValueRef symbol = steps.items[followed].symbol;

	follow_operands(modules, symbol, NULL);
	if (!LLVMIsAFunction(symbol))
		return;
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(symbol); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			follow_operands(modules, instruction, instruction);
}

void why_follow(const struct why_modules *modules)
{
	for (; followed < steps.count; followed++)
		follow_step(modules);
}

/* Printing */

static struct {
	ARRAY(char);
} text;

void why_say(const char *format, ...)
{
	va_list arguments;
	char *line;

	va_start(arguments, format);
	line = xvasprintf(format, arguments);
	va_end(arguments);
	char *shown = escape(line, "");
	array_reserve(&text, strlen(shown) + 2);
	text.count += sprintf(text.items + text.count, "%s\n", shown);
	free(shown);
	free(line);
}

/* In one write where that is possible, since other stages may speak at once. */
void why_flush(void)
{
	for (size_t done = 0; done < text.count;) {
		ssize_t size = write(message_file(), text.items + done, text.count - done);
		if (size <= 0)
			break;
		done += size;
	}
	text.count = 0;
}

/* `FILE:LINE` of a location. */
static char *describe_location(LLVMMetadataRef location)
{
	LLVMMetadataRef scope = LLVMDILocationGetScope(location);
	LLVMMetadataRef file = scope ? LLVMDIScopeGetFile(scope) : NULL;
	unsigned size = 0, line = LLVMDILocationGetLine(location);
	const char *name = file ? LLVMDIFileGetFilename(file, &size) : "";

	return size && line ? xasprintf("%.*s:%u", (int)size, name, line) : NULL;
}

/* ` (FILE:LINE)` of the instruction: in the function that it stands in now, and where it was
 * inlined from; "" where it has no location. */
static char *describe_where(LLVMValueRef instruction)
{
	LLVMMetadataRef inner = instruction ? LLVMInstructionGetDebugLoc(instruction) : NULL;
	LLVMMetadataRef outer = inner, next;

	while (outer && (next = LLVMDILocationGetInlinedAt(outer)))
		outer = next;
	char *to = outer ? describe_location(outer) : NULL;
	char *from = inner != outer ? describe_location(inner) : NULL;
	if (!to)
		return xasprintf("%s", "");
	return from && strcmp(from, to) ? xasprintf(" (%s, inlined from %s)", to, from)
					: xasprintf(" (%s)", to);
}

static char *describe(const struct why_modules *modules, const struct step *step)
{
	const char *symbol = value_name(step->symbol);
	char *plain = demangle(symbol);

	return xasprintf("%s:(%s)", modules->name(step->module), plain ? plain : symbol);
}

static void print_chain(const struct why_modules *modules, const struct step *step)
{
	bool defined = !LLVMIsDeclaration(step->symbol);
	LLVMValueRef instruction = NULL;

	for (const char *what = defined ? "live symbol" : "undefined symbol"; step;
	    what = ">>> referenced by") {
		why_say("%s: %s%s%s%s%s", what, describe(modules, step),
		    describe_where(instruction), step->reason ? " (" : "",
		    step->reason ? step->reason : "", step->reason ? ")" : "");
		instruction = step->instruction;
		step = step->reason ? NULL : &steps.items[step->from];
	}
}

bool why_print(const struct why_modules *modules, const char *wanted)
{
	bool any = false;

	for (size_t i = 0; i < steps.count; i++)
		if (*value_name(steps.items[i].symbol) &&
		    why_means(wanted, value_name(steps.items[i].symbol))) {
			print_chain(modules, &steps.items[i]);
			any = true;
		}
	return any;
}

void why_print_state(const char *what, const char *input, const char *symbol, const char *reason)
{
	char *plain = demangle(symbol);

	why_say("%s symbol: %s%s%s%s (%s)", what, input ? input : "", input ? ":(" : "",
	    plain ? plain : symbol, input ? ")" : "", reason);
	free(plain);
}
