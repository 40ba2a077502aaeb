#include "types.h"
#include "btf-tag.h"
#include "map.h"
#include "memory.h"
#include <ctype.h>
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_NAMES = 256, /* for one type: a typedef of itself is nonsense, and must not hang */
	MOST_NESTED = 64, /* as deep as structs and arrays stand in one another */
	MOST_ALIGNED = 8, /* bytes; LLVM takes more for a mistake */
	BITS = 8,
};

static bool is_qualifier(LLVMValueRef type)
{
	return is_derived(type, TAG_CONST) || is_derived(type, TAG_VOLATILE) ||
	       is_derived(type, TAG_RESTRICT) || is_derived(type, TAG_ATOMIC);
}

LLVMValueRef without_qualifiers(LLVMValueRef type)
{
	for (int i = 0; i < MOST_NAMES && is_qualifier(type); i++)
		type = operand(type, BASE);
	return is_type(type) ? type : NULL;
}

LLVMValueRef resolved(LLVMValueRef type)
{
	for (int i = 0; i < MOST_NAMES && (is_qualifier(type) || is_derived(type, TAG_TYPEDEF));
	    i++)
		type = operand(type, BASE);
	return is_type(type) ? type : NULL;
}

static bool is_of_kind(LLVMValueRef type, LLVMMetadataKind kind)
{
	type = resolved(type);
	return type && kind_of_node(type) == kind;
}

bool is_composite(LLVMValueRef type)
{
	return is_of_kind(type, LLVMDICompositeTypeMetadataKind);
}

bool is_basic(LLVMValueRef type)
{
	return is_of_kind(type, LLVMDIBasicTypeMetadataKind);
}

static bool has_tag(LLVMValueRef type, enum tag tag)
{
	return is_composite(type) && tag_of(resolved(type)) == tag;
}

bool is_union(LLVMValueRef type)
{
	return has_tag(type, TAG_UNION);
}

bool is_structure(LLVMValueRef type)
{
	return has_tag(type, TAG_STRUCTURE) || has_tag(type, TAG_CLASS) || is_union(type);
}

bool is_array(LLVMValueRef type)
{
	return has_tag(type, TAG_ARRAY);
}

bool is_enumeration(LLVMValueRef type)
{
	return has_tag(type, TAG_ENUMERATION);
}

struct values members_of(LLVMValueRef structure)
{
	struct values elements = list_at(resolved(structure), ELEMENTS), members = {NULL, 0, 0};

	for (size_t i = 0; i < elements.count; i++)
		if ((is_derived(elements.items[i], TAG_MEMBER) ||
			is_derived(elements.items[i], TAG_INHERITANCE)) &&
		    !(LLVMDITypeGetFlags(metadata_of(elements.items[i])) & LLVMDIFlagStaticMember))
			add_value(&members, elements.items[i]);
	free(elements.items);
	return members;
}

/* https://github.com/rust-lang/rust-bindgen: __bindgen_anon_1 */
static bool is_named_by_bindgen(const char *name)
{
	static const char start[] = "__bindgen_anon_";

	return !strncmp(name, start, strlen(start)) && name[strlen(start)] &&
	       !name[strlen(start) + strspn(name + strlen(start), "0123456789")];
}

bool is_anonymous(LLVMValueRef member)
{
	char *name = text_at(member, NAME);
	bool result = (!*name || is_named_by_bindgen(name)) && is_structure(operand(member, BASE));

	free(name);
	return result;
}

bool is_in_order(LLVMValueRef structure)
{
	struct values members = members_of(structure);
	bool result = true;

	for (size_t i = 1; i < members.count; i++)
		result &= LLVMDITypeGetOffsetInBits(metadata_of(members.items[i - 1])) <=
			  LLVMDITypeGetOffsetInBits(metadata_of(members.items[i]));
	free(members.items);
	return result;
}

/* Debug info does not say that a struct is packed; its members do, by their offsets. */
static unsigned alignment_at(LLVMValueRef type, unsigned depth);

static unsigned alignment_of_structure(LLVMValueRef type, unsigned depth)
{
	struct values members = members_of(type);
	unsigned result = 1;

	for (size_t i = 0; i < members.count; i++) {
		LLVMMetadataRef member = metadata_of(members.items[i]);
		unsigned own = alignment_at(operand(members.items[i], BASE), depth + 1);
		bool is_bit_field = LLVMDITypeGetFlags(member) & LLVMDIFlagBitField;
		if (!is_bit_field && LLVMDITypeGetOffsetInBits(member) % ((uint64_t)BITS * own))
			own = 1;
		result = own > result ? own : result;
	}
	free(members.items);
	return size_in_bits(type) % ((uint64_t)BITS * result) ? 1 : result;
}

static unsigned alignment_at(LLVMValueRef type, unsigned depth)
{
	static struct map known; /* of structs */
	unsigned result = 1;

	type = resolved(type);
	if (!type || depth == MOST_NESTED)
		return 1;
	if (is_array(type))
		return alignment_at(operand(type, BASE), depth + 1);
	if (is_structure(type)) {
		if (!map_has(&known, type))
			*map_insert(&known, type) =
			    (void *)(uintptr_t)alignment_of_structure(type, depth);
		return (uintptr_t)map_get(&known, type);
	}
	uint64_t bytes = is_derived(type, TAG_POINTER) ? 8 : size_in_bits(type) / BITS;
	while (result <= bytes / 2 && result < MOST_ALIGNED)
		result *= 2;
	return result;
}

unsigned alignment_of(LLVMValueRef type)
{
	return alignment_at(type, 0);
}

/* The member that is all of a generic struct or union; NULL where there is another. */
static LLVMValueRef only_member(LLVMValueRef type)
{
	char *name = is_structure(type) ? text_at(resolved(type), NAME) : xstrdup("");
	bool is_generic = strchr(name, '<') && btf_tag_of(resolved(type)) == NO_TAG;
	struct values members = is_generic ? members_of(type) : (struct values){NULL, 0, 0};
	LLVMValueRef found = NULL;

	for (size_t i = 0; i < members.count; i++)
		if (size_in_bits(members.items[i]) == size_in_bits(resolved(type)))
			found = members.items[i];
	free(members.items);
	free(name);
	return found;
}

LLVMValueRef unwrapped(LLVMValueRef type)
{
	LLVMValueRef member;

	for (int i = 0; i < MOST_NESTED && (member = only_member(type)); i++)
		type = operand(member, BASE);
	return type;
}

char *describe_type(LLVMValueRef type)
{
	LLVMValueRef known = without_qualifiers(type);
	char *name = known ? text_at(known, NAME) : xstrdup("void");
	const char *what = !known                           ? "type"
			   : is_derived(known, TAG_TYPEDEF) ? "typedef"
			   : is_derived(known, TAG_POINTER) ? "pointer"
			   : is_union(known)                ? "union"
			   : is_structure(known)            ? "struct"
			   : is_enumeration(known)          ? "enum"
			   : is_array(known)                ? "array"
							    : "type";
	char *text = *name ? xasprintf("%s '%s'", what, name) : xasprintf("unnamed %s", what);

	free(name);
	return text;
}

static void make_member_anonymous(LLVMValueRef member)
{
	LLVMValueRef type = resolved(operand(member, BASE));
	char *name = text_at(member, NAME), *of_type;

	if (is_named_by_bindgen(name) && is_structure(type)) {
		set_operand(member, NAME, NULL);
		of_type = text_at(type, NAME);
		if (strstr(of_type, "__bindgen_ty_"))
			set_operand(type, NAME, NULL);
		free(of_type);
	}
	free(name);
}

/* Calls visit for the type, and for each that it has for members, or for elements of these, if it
 * is not among those that are known. */
static void visit_types(LLVMValueRef type, struct map *known, void (*visit)(LLVMValueRef type))
{
	struct values types = {NULL, 0, 0};

	add_value(&types, type);
	while (types.count) {
		LLVMValueRef next = resolved(types.items[--types.count]);
		while (is_array(next))
			next = map_add(known, next) ? resolved(operand(next, BASE)) : NULL;
		if (!next || !is_composite(next) || !map_add(known, next))
			continue;
		visit(next);
		struct values members = members_of(next);
		for (size_t i = 0; i < members.count; i++)
			add_value(&types, operand(members.items[i], BASE));
		free(members.items);
	}
	free(types.items);
}

static void make_members_anonymous(LLVMValueRef type)
{
	struct values members = members_of(type);

	for (size_t i = 0; i < members.count; i++)
		make_member_anonymous(members.items[i]);
	free(members.items);
}

void make_anonymous(LLVMValueRef type)
{
	static struct map known;

	visit_types(type, &known, make_members_anonymous);
}

/* Names of generic types have other characters. */
static void drop_qualifier(LLVMValueRef type)
{
	char *name = text_at(type, NAME);
	const char *last_dot = strrchr(name, '.');
	bool is_plain = last_dot && last_dot[1];

	for (const char *at = name; is_plain && *at; at++)
		is_plain = isalnum((unsigned char)*at) || *at == '_' || *at == '.';
	if (is_plain)
		set_operand(type, NAME, string(last_dot + 1));
	free(name);
}

void make_unqualified(LLVMValueRef type)
{
	static struct map known;

	visit_types(type, &known, drop_qualifier);
}

struct array array_of(LLVMValueRef type)
{
	struct array array = {.base = type};

	for (int depth = 0; depth < MOST_NESTED && is_array(array.base); depth++) {
		LLVMValueRef node = resolved(array.base);
		struct values ranges = list_at(node, ELEMENTS);
		for (size_t i = 0; i < ranges.count; i++)
			add_value(&array.ranges, ranges.items[i]);
		free(ranges.items);
		array.base = operand(node, BASE);
		array.is_nested = depth > 0;
	}
	return array;
}

uint64_t range_of(const struct array *array, size_t range)
{
	LLVMValueRef node = array->ranges.items[range];
	LLVMValueRef count = is_node(node) && kind_of_node(node) == LLVMDISubrangeMetadataKind
				 ? operand(node, COUNT)
				 : NULL;
	long long number = count && LLVMIsAConstantInt(count) ? LLVMConstIntGetSExtValue(count) : 0;

	return number > 0 ? number : 0;
}

LLVMValueRef make_array(LLVMDIBuilderRef builder, const struct array *array, size_t first)
{
	size_t count = array->ranges.count - first;
	LLVMMetadataRef *ranges = xcalloc(count + 1, sizeof *ranges);
	LLVMValueRef base = resolved(array->base);
	uint64_t bits = base ? size_in_bits(base) : 0;

	if (base && is_derived(base, TAG_POINTER))
		bits = 64;
	for (size_t i = 0; i < count; i++) {
		ranges[i] = metadata_of(array->ranges.items[first + i]);
		bits *= range_of(array, first + i);
	}
	LLVMValueRef type = value_of(LLVMDIBuilderCreateArrayType(
	    builder, bits, 0, metadata_of(array->base), ranges, count));
	free(ranges);
	return type;
}
