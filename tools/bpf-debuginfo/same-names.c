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

/* The name of a struct or union that is defined, to the first NUL, and its whole length; NULL where
 * the node is none, or has no name. */
static const char *name_of(LLVMValueRef node, unsigned *length)
{
	if (is_replaced(node) || !is_record(node) || is_forward_declaration(node))
		return NULL;
	LLVMValueRef name = operand(node, NAME);
	return name ? LLVMGetMDString(name, length) : NULL;
}

static void set_name(LLVMValueRef type, const char *name, size_t length)
{
	set_operand(type, NAME, value_of(LLVMMDStringInContext2(metadata_context, name, length)));
}

static void set_numbered_name(LLVMValueRef type, const char *name, size_t number)
{
	char *numbered = xasprintf("%s.%zu", name, number);
	size_t length = strlen(numbered);

	numbered[strlen(name)] = '\0';
	set_name(type, numbered, length);
	free(numbered);
}

void forget_structs_apart(void)
{
	unsigned length;

	for (size_t i = 0; i < nodes.count; i++) {
		const char *name = name_of(nodes.items[i], &length);
		if (name && strlen(name) < length)
			set_name(nodes.items[i], name, strlen(name));
	}
}

void keep_structs_apart(void)
{
	struct map counts = {.kind = MAP_OF_STRINGS}; /* by name: of how many it is */
	unsigned length;

	for (size_t i = 0; i < nodes.count; i++) {
		const char *name = name_of(nodes.items[i], &length);
		size_t *count = name ? (size_t *)map_insert(&counts, name) : NULL;
		if (count && ++*count > 1)
			set_numbered_name(nodes.items[i], name, *count);
	}
	map_clear(&counts);
}
