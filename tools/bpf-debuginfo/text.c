#include "text.h"
#include "debug-info.h"
#include "libllvm.h"
#include "memory.h"
#include "node-text.h"
#include "nodes.h"
#include <ctype.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct values remade;
static char *remade_text;
static size_t remade_size;
static FILE *remade_lines;

/* In a node's text, the operands are addresses, `scope: <0x5581>`, or numbers, `scope: !7`. Any
 * node will do in their place until they are set. */
static void write_with_placeholders(const char *text)
{
	bool quoted = false;

	while (*text) {
		quoted ^= *text == '"'; /* in a string it is \22 */
		bool is_address = !quoted && !strncmp(text, "<0x", 3);
		bool is_number = !quoted && *text == '!' && isdigit((unsigned char)text[1]);
		if (is_address || is_number) {
			fputs("!0", remade_lines);
			text += is_address ? strcspn(text, ">") + 1
					   : 1 + strspn(text + 1, "0123456789");
		} else {
			fputc(*text++, remade_lines);
		}
	}
}

static char *with_edit(char *text, struct edit edit)
{
	char *found = find_in_node(text, edit.from);
	char *result = found ? xasprintf("%.*s%s%s", (int)(found - text), text, edit.to,
				   found + strlen(edit.from))
			     : NULL;

	if (!result)
		libllvm_refuse(
		    "prints debug info in an unknown way: no '%s' is in %s", edit.from, text);
	free(text);
	return result;
}

void remake_with(LLVMValueRef node, const struct edit *edits, size_t count)
{
	char *text = node_text(node);

	if (!remade_lines) {
		remade_lines = xopen_memstream(&remade_text, &remade_size);
		fputs("!0 = !{}\n", remade_lines);
	}
	for (size_t i = 0; i < count; i++)
		text = with_edit(text, edits[i]);
	add_value(&remade, node);
	/* distinct, or equal ones would be one until they have their operands */
	fprintf(remade_lines, "!%zu = distinct ", remade.count);
	write_with_placeholders(text);
	fputc('\n', remade_lines);
	free(text);
}

void remake(LLVMValueRef node, const char *from, const char *to)
{
	struct edit edit = {from, to};

	remake_with(node, &edit, 1);
}

void parse_remade(void)
{
	LLVMModuleRef parsed;
	char *reason = NULL;

	if (!remade.count)
		return;
	fputs("!remade = !{", remade_lines);
	for (size_t i = 1; i <= remade.count; i++)
		fprintf(remade_lines, "%s!%zu", i > 1 ? ", " : "", i);
	fputs("}\n", remade_lines);
	xclose_memstream(remade_lines);
	if (LLVMParseIRInContext(metadata_context,
		xchecked(LLVMCreateMemoryBufferWithMemoryRangeCopy(
		    remade_text, remade_size, "metadata")),
		&parsed, &reason))
		libllvm_refuse("cannot read debug info again that it has printed: %s", reason);
	LLVMValueRef *new = xcalloc(remade.count, sizeof *new);
	LLVMGetNamedMetadataOperands(parsed, "remade", new);
	for (size_t i = 0; i < remade.count; i++) {
		struct values operands = operands_of(remade.items[i]);
		for (size_t j = 0; j < operands.count; j++)
			if (operands.items[j]) /* else an edit may have put one in */
				set_operand(new[i], j, operands.items[j]);
		free(operands.items);
		replace(remade.items[i], new[i]);
		add_node(new[i]);
	}
	free(new);
}
