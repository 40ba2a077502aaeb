#include "same-names.h"
#include "debug-info.h"
#include "map.h"
#include "memory.h"
#include "metadata.h"
#include "nodes.h"
#include <llvm-c/Core.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void add_to_name(LLVMValueRef type, LLVMValueRef name, size_t number)
{
	unsigned length;
	const char *text = LLVMGetMDString(name, &length);
	char *suffix = xasprintf("%zu", number);
	size_t longer = length + 1 + strlen(suffix);
	char *new_name = xcalloc(longer + 1, 1);

	memcpy(new_name, text, length);
	strcpy(new_name + length + 1, suffix);
	set_operand(
	    type, NAME, value_of(LLVMMDStringInContext2(metadata_context, new_name, longer)));
	free(new_name);
	free(suffix);
}

void keep_structs_apart(void)
{
	struct map counts = {0}; /* by name: of how many it is */

	for (size_t i = 0; i < nodes.count; i++) {
		LLVMValueRef type = nodes.items[i];
		if (is_replaced(type) || !is_record(type) || is_forward_declaration(type))
			continue;
		LLVMValueRef name = operand(type, NAME);
		size_t *count = name ? (size_t *)map_insert(&counts, name) : NULL;
		if (count && ++*count > 1)
			add_to_name(type, name, *count);
	}
	map_clear(&counts);
}
