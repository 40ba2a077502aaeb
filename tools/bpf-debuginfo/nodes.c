#include "nodes.h"
#include "debug-info.h"
#include "libllvm.h"
#include "map.h"
#include "memory.h"
#include "printable.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

LLVMModuleRef module;
LLVMDIBuilderRef builder;
struct output *listing;

static struct map replacements; /* of nodes, by others */

void note(const char *what, const char *name, const char *why)
{
	char *line = xasprintf("%s '%s': %s", what, name, why);

	line[printable(line, strlen(line), "")] = '\0';
	if (listing)
		output_write(listing, line, strlen(line)), output_write(listing, "\n", 1);
	else
		message(LEVEL_DEBUG, "%s", line);
	free(line);
}

enum message_level level_of_warnings(void)
{
	return listing ? LEVEL_DEBUG : LEVEL_WARN;
}

void replace(LLVMValueRef old, LLVMValueRef new)
{
	*map_insert(&replacements, old) = new;
}

bool is_replaced(LLVMValueRef node)
{
	return map_has(&replacements, node);
}

LLVMValueRef current(LLVMValueRef value)
{
	while (value && map_has(&replacements, value))
		value = map_get(&replacements, value);
	return value;
}

void put_replacements_in_place(void)
{
	for (size_t i = 0; i < nodes.count; i++) {
		struct values operands = operands_of(nodes.items[i]);
		for (size_t j = 0; j < operands.count; j++)
			if (current(operands.items[j]) != operands.items[j])
				set_operand(nodes.items[i], j, current(operands.items[j]));
		free(operands.items);
	}
}
