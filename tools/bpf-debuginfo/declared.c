#include "declared.h"
#include "btf-types.h"
#include "debug-info.h"
#include "map.h"
#include "nodes.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static bool is_composite(LLVMValueRef node)
{
	return kind_of_node(node) == LLVMDICompositeTypeMetadataKind;
}

/* LLVM has a pointer to a declaration lead to what is complete under its name. */
static struct map complete = {.kind = MAP_OF_STRINGS};

static void note_complete(size_t count)
{
	for (size_t i = 0; i < nodes.count; i++)
		if (is_composite(nodes.items[i]) && (i >= count || !btf_only_names(nodes.items[i])))
			map_add(&complete, text_at(current(nodes.items[i]), NAME));
}

static void declare(LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	if (!map_has(&complete, name)) {
		LLVMValueRef declaration = value_of(LLVMDIBuilderCreateForwardDecl(
		    builder, tag_of(type), name, strlen(name), NULL, NULL, 0, 0, 0, 0, "", 0));
		add_node(declaration);
		replace(type, declaration);
	}
	free(name);
}

void declare_named_only(size_t count)
{
	note_complete(count);
	for (size_t i = 0; i < count; i++)
		if (is_composite(nodes.items[i]) && btf_only_names(nodes.items[i]) &&
		    is_composite(current(nodes.items[i])))
			declare(current(nodes.items[i]));
}
