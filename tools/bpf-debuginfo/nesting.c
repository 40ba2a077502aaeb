#include "nesting.h"
#include "debug-info.h"
#include "libllvm.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "nodes.h"
#include "types.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

/* A little less than the kernel's MAX_RESOLVE_DEPTH. */
enum { DEEPEST_TYPE = 30 };

enum { UNKNOWN = -1, BEING_MEASURED = -2 };
struct depth {
	int through_members, through_pointers;
};
static struct map depths; /* of all types: a struct depth */

/* Nodes whose base is too deep, the deepest first, and the base that they get. */
static struct map cuts;

static struct depth *depth_of(LLVMValueRef type)
{
	return is_type(type) ? map_get(&depths, type) : NULL;
}

static bool is_qualifier(LLVMValueRef type)
{
	return is_derived(type, TAG_TYPEDEF) || is_derived(type, TAG_CONST) ||
	       is_derived(type, TAG_VOLATILE) || is_derived(type, TAG_RESTRICT) ||
	       is_derived(type, TAG_ATOMIC);
}

static LLVMValueRef without_qualifiers(LLVMValueRef type)
{
	while (is_qualifier(type))
		type = operand(type, BASE);
	return type;
}

/* Measuring: as deep as types are once the cuts are made */

static int depth_through_pointers(LLVMValueRef type)
{
	struct depth *depth = depth_of(type);

	if (!depth || (!is_derived(type, TAG_POINTER) && !is_qualifier(type)))
		return 0;
	if (depth->through_pointers == BEING_MEASURED)
		return DEEPEST_TYPE;
	if (depth->through_pointers == UNKNOWN) {
		LLVMValueRef base = operand(type, BASE);
		depth->through_pointers = BEING_MEASURED;
		int below = depth_through_pointers(base);
		if (below >= DEEPEST_TYPE) {
			/* a pointer then points to nothing in particular */
			*map_insert(&cuts, type) =
			    is_qualifier(type) ? without_qualifiers(base) : NULL;
			below = 0;
		}
		depth->through_pointers = 1 + below;
	}
	return depth->through_pointers;
}

static int depth_through_members(LLVMValueRef type);

/* The depth below the node that its base has. */
static int depth_of_base(LLVMValueRef node)
{
	LLVMValueRef base = operand(node, BASE), bare;
	int depth = depth_through_members(base);

	if (depth < DEEPEST_TYPE)
		return depth;
	bare = without_qualifiers(base);
	if (is_qualifier(base) && depth_through_members(bare) < DEEPEST_TYPE) {
		*map_insert(&cuts, node) = bare;
		return depth_through_members(bare);
	}
	*map_insert(&cuts, node) = NULL;
	return 1;
}

static int depth_of_members(LLVMValueRef type)
{
	struct values members = list_at(type, ELEMENTS);
	int deepest = 0;

	for (size_t i = 0; i < members.count; i++)
		if (is_derived(members.items[i], TAG_MEMBER)) {
			int depth = depth_of_base(members.items[i]);
			deepest = depth > deepest ? depth : deepest;
		}
	free(members.items);
	return deepest;
}

static int depth_through_members(LLVMValueRef type)
{
	struct depth *depth = depth_of(type);
	bool is_composite = depth && kind_of_node(type) == LLVMDICompositeTypeMetadataKind;

	if (!depth || (!is_composite && !is_qualifier(type)))
		return 0;
	if (depth->through_members == BEING_MEASURED)
		return DEEPEST_TYPE; /* it contains itself, which no compiler says */
	if (depth->through_members == UNKNOWN) {
		depth->through_members = BEING_MEASURED;
		if (!is_composite)
			depth->through_members = 1 + depth_through_members(operand(type, BASE));
		else if (tag_of(type) == TAG_ARRAY)
			depth->through_members = 1 + depth_of_base(type);
		else if (tag_of(type) == TAG_STRUCTURE || tag_of(type) == TAG_UNION)
			depth->through_members = 1 + depth_of_members(type);
		else
			depth->through_members = 0;
	}
	return depth->through_members;
}

/* Cutting */

/* Gives the node the base, or an array of bytes in the place of a type that is too deep even
 * without qualifiers. */
static void cut(LLVMValueRef node, LLVMValueRef base)
{
	if (!base) {
		LLVMValueRef bare = without_qualifiers(operand(node, BASE));
		char *name = text_at(bare, NAME);
		note("type", name,
		    "is nested deeper than the kernel allows; it becomes an array of bytes there");
		message(level_of_warnings(),
		    "type '%s' is nested deeper than the kernel allows; it becomes an array of bytes there",
		    name);
		free(name);
		base = bytes(size_in_bits(bare));
	}
	set_operand(node, BASE, base);
}

void fit_nesting(void)
{
	size_t count = nodes.count; /* bytes are no deeper than one */
	struct depth *all = xcalloc(count + 1, sizeof *all);

	for (size_t i = 0; i < count; i++) {
		all[i] = (struct depth){UNKNOWN, UNKNOWN};
		*map_insert(&depths, nodes.items[i]) = &all[i];
	}
	for (size_t i = 0; i < count; i++)
		depth_through_pointers(nodes.items[i]);
	for (size_t i = 0; i < cuts.count; i++)
		set_operand((LLVMValueRef)cuts.items[i].key, BASE, cuts.items[i].value);
	map_clear(&cuts);
	for (size_t i = 0; i < count; i++)
		depth_through_members(nodes.items[i]);
	for (size_t i = 0; i < cuts.count; i++)
		cut((LLVMValueRef)cuts.items[i].key, cuts.items[i].value);
}
