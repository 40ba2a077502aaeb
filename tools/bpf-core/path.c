#include "path.h"
#include "btf-tag.h"
#include "map.h"
#include "memory.h"
#include "metadata.h"
#include "node-text.h"
#include "types.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_STEPS = 63,     /* libbpf's BPF_CORE_SPEC_MAX_LEN, and the first is that of the type */
	MOST_ANONYMOUS = 32, /* in one another */
};

/* A path that is followed. */
struct walk {
	struct marker *marker;
	LLVMDIBuilderRef builder;
	const char *rest;
	struct access *access;
	LLVMValueRef member; /* the last one */
	struct map without;  /* structs that have not the member that is looked for */
};

/* Words */

static void skip_spaces(struct walk *walk)
{
	while (isspace((unsigned char)*walk->rest))
		walk->rest++;
}

static bool take(struct walk *walk, char character)
{
	skip_spaces(walk);
	if (*walk->rest != character)
		return false;
	walk->rest++;
	skip_spaces(walk);
	return true;
}

/* A name's length, with the start that Rust has for names that are words of its own. */
static size_t name_length(const char *text)
{
	size_t length = strncmp(text, "r#", 2) ? 0 : 2;

	if (!isalpha((unsigned char)text[length]) && text[length] != '_' &&
	    !((unsigned char)text[length] & 0x80))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_' ||
	       (unsigned char)text[length] & 0x80)
		length++;
	return length;
}

/* NULL where there is none. For the caller to free. */
static char *take_name(struct walk *walk)
{
	size_t length = name_length(walk->rest), start = strncmp(walk->rest, "r#", 2) ? 0 : 2;
	char *name = length ? xstrndup(walk->rest + start, length - start) : NULL;

	walk->rest += length;
	return name;
}

static bool is_integer_type(const char *text)
{
	static const char *const types[] = {"", "u8", "u16", "u32", "u64", "u128", "usize", "i8",
	    "i16", "i32", "i64", "i128", "isize", "u", "U", "l", "L", "ul", "UL", "ull", "ULL"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(text, types[i]))
			return true;
	return false;
}

/* A literal of Rust or C: 2, 0x10, 1_000, 2usize. */
static bool read_index(const char *text, unsigned *index)
{
	char *digits = xcalloc(strlen(text) + 1, 1), *end;
	size_t length = 0;
	int base = 10;

	if (text[0] == '0' && text[1] && strchr("xob", text[1])) {
		base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
		text += 2;
	}
	for (; isalnum((unsigned char)*text) || *text == '_'; text++)
		if (*text != '_')
			digits[length++] = *text;
	errno = 0;
	unsigned long number = strtoul(digits, &end, base);
	bool good =
	    length && end > digits && !*text && !errno && number <= INT_MAX && is_integer_type(end);
	*index = number;
	free(digits);
	return good;
}

static bool refuse_path(struct walk *walk)
{
	marker_refuse(
	    walk->marker, "'%s' is no path of members, such as a.b[2].c", walk->marker->path);
	return false;
}

/* Members */

static bool add_step(struct walk *walk, LLVMValueRef type, unsigned index)
{
	if (walk->access->count == MOST_STEPS) {
		marker_refuse(
		    walk->marker, "'%s' is deeper than loaders follow it", walk->marker->path);
		return false;
	}
	array_add(walk->access, (struct step){type, index});
	return true;
}

static bool has_name(LLVMValueRef member, const char *name)
{
	char *own = text_at(member, NAME);
	bool result = !strcmp(own, name);

	free(own);
	return result;
}

/* Adds the steps to the member, and to the unnamed ones that it is in; false where there is none.
 */
static bool find_member(struct walk *walk, LLVMValueRef structure, const char *name, unsigned depth)
{
	struct values members = members_of(structure);
	size_t count = walk->access->count;
	bool found = false;

	if (!map_add(&walk->without, structure))
		members.count = 0;
	for (size_t i = 0; i < members.count && !found; i++) {
		LLVMValueRef member = members.items[i];
		bool is_it = has_name(member, name);
		if (!is_it && (!is_anonymous(member) || depth == MOST_ANONYMOUS))
			continue;
		walk->access->count = count;
		if (!add_step(walk, structure, i))
			break;
		if (is_it)
			walk->member = member;
		found =
		    is_it || find_member(walk, resolved(operand(member, BASE)), name, depth + 1);
	}
	if (!found)
		walk->access->count = count;
	free(members.items);
	return found;
}

/* LLVM refers to a member by its index, which changes where bpf-debuginfo puts them in order. */
static bool are_in_order(struct walk *walk, size_t first)
{
	for (size_t i = first; i < walk->access->count; i++) {
		LLVMValueRef type = walk->access->items[i].type;
		if (is_in_order(type))
			continue;
		char *description = describe_type(type);
		marker_refuse(walk->marker,
		    "%s is not laid out in the order of its members; give it #[repr(C)]",
		    description);
		free(description);
		return false;
	}
	return true;
}

static void refuse_member(struct walk *walk, LLVMValueRef type, const char *name)
{
	char *description = describe_type(type);

	if (!is_structure(type))
		marker_refuse(walk->marker, "'%s': %s has no members, and no '%s'",
		    walk->marker->path, description, name);
	else if (LLVMDITypeGetFlags(metadata_of(resolved(type))) & LLVMDIFlagFwdDecl)
		marker_refuse(
		    walk->marker, "%s is only declared here, without members", description);
	else
		marker_refuse(walk->marker, "%s has no member '%s'", description, name);
	free(description);
}

/* The first step's type is the one whose name is looked for in the kernel. */
static LLVMValueRef named_one(LLVMValueRef type)
{
	LLVMValueRef structure = resolved(type);
	char *name = text_at(structure, NAME);
	LLVMValueRef result = *name ? structure : without_qualifiers(type);

	free(name);
	return result;
}

/* What the program reads before it goes on: the access begins anew. */
static void follow_pointers(struct walk *walk)
{
	LLVMValueRef pointer;

	while (pointer = resolved(walk->access->type),
	    btf_tag_of(pointer) == TYPE_TAG || is_derived(pointer, TAG_POINTER)) {
		if (btf_tag_of(pointer) == TYPE_TAG)
			pointer = btf_tagged_type(pointer);
		walk->access->type = unwrapped(without_qualifiers(operand(pointer, BASE)));
		walk->access->count = 0;
		make_unqualified(walk->access->type);
	}
}

static bool step_to_member(struct walk *walk)
{
	if (walk->marker->kind->follows_pointers)
		follow_pointers(walk);
	LLVMValueRef type = walk->access->type;
	size_t first = walk->access->count;
	char *name = take_name(walk);

	if (!name)
		return refuse_path(walk);
	map_clear(&walk->without);
	if (!is_structure(type) || !find_member(walk, named_one(type), name, 0)) {
		refuse_member(walk, type, name);
		free(name);
		return false;
	}
	free(name);
	walk->access->type = unwrapped(operand(walk->member, BASE));
	if (walk->access->type != operand(walk->member, BASE))
		set_operand(walk->member, BASE, walk->access->type);
	walk->access->bits = size_in_bits(walk->member);
	return are_in_order(walk, first);
}

/* Elements */

static bool take_index(struct walk *walk, unsigned *index)
{
	const char *end = strchr(walk->rest, ']');
	size_t length = end ? (size_t)(end - walk->rest) : 0;

	while (length && isspace((unsigned char)walk->rest[length - 1]))
		length--;
	char *text = xstrndup(walk->rest, length);
	bool good = end && read_index(text, index);
	if (!good)
		marker_refuse(walk->marker,
		    "'%s': an index is a number, and may be no larger than %d", walk->marker->path,
		    INT_MAX);
	walk->rest = end ? end + 1 : "";
	free(text);
	return good;
}

static bool is_within(struct walk *walk, const struct array *array, size_t range, unsigned index)
{
	uint64_t count = range_of(array, range);

	/* C's arrays of any length have none or 0 */
	if (!count || index < count)
		return true;
	marker_refuse(walk->marker, "'%s': index %u is past the end of an array of %llu",
	    walk->marker->path, index, (unsigned long long)count);
	return false;
}

/* All indexes that stand here: one for each range, or fewer. */
static bool step_to_element(struct walk *walk)
{
	struct array array = array_of(walk->access->type);
	LLVMValueRef type = resolved(walk->access->type);
	size_t range = 0;
	unsigned index;

	if (!array.ranges.count) {
		char *description = describe_type(walk->access->type);
		marker_refuse(
		    walk->marker, "'%s': %s is no array", walk->marker->path, description);
		free(description);
		return false;
	}
	LLVMValueRef base = array.base;
	array.base = unwrapped(base);
	if (array.is_nested || array.base != base) {
		type = make_array(walk->builder, &array, 0);
		set_operand(walk->member, BASE, type);
	}
	do {
		if (!take_index(walk, &index) || !is_within(walk, &array, range, index) ||
		    !add_step(walk, type, index))
			return false;
		range++;
		type = range < array.ranges.count ? make_array(walk->builder, &array, range)
						  : array.base;
	} while (range < array.ranges.count && take(walk, '['));
	walk->access->type = type;
	walk->access->bits = resolved(type) ? size_in_bits(resolved(type)) : 0;
	free(array.ranges.items);
	return true;
}

bool access_find(
    struct marker *marker, LLVMDIBuilderRef builder, LLVMValueRef type, struct access *access)
{
	struct walk walk = {
	    .marker = marker,
	    .builder = builder,
	    .rest = marker->path,
	    .access = access,
	};

	*access = (struct access){.type = type};
	if (!is_structure(type)) {
		char *description = describe_type(type);
		marker_refuse(marker, "%s is of a struct's or union's member, and %s is neither",
		    marker->kind->name, description);
		free(description);
		return false;
	}
	if (!step_to_member(&walk))
		return false;
	while (skip_spaces(&walk), *walk.rest) {
		if (take(&walk, '.')) {
			if (!step_to_member(&walk))
				return false;
		} else if (!take(&walk, '[')) {
			return refuse_path(&walk);
		} else if (!step_to_element(&walk)) {
			return false;
		}
	}
	return true;
}

/* Enumerators */

/* Signed or unsigned, as it is printed; LLVM reads it as signed. */
static int64_t value_of_enumerator(LLVMValueRef enumerator)
{
	char *text = node_field(enumerator, "value");
	int64_t value = 0;

	if (text)
		value = *text == '-' ? strtoll(text, NULL, 10) : (int64_t)strtoull(text, NULL, 10);
	free(text);
	return value;
}

static bool refuse_enumerator(struct marker *marker, LLVMValueRef type, const char *name)
{
	char *description = describe_type(type);

	if (!is_enumeration(type))
		marker_refuse(marker,
		    "%s is of an enum of constants, and %s is none; in Rust, #[repr(u32)] makes one",
		    marker->kind->name, description);
	else if (!*name)
		marker_refuse(marker, "'%s' is no name of an enumerator", marker->path);
	else
		marker_refuse(marker, "%s has no enumerator '%s'", description, name);
	free(description);
	return false;
}

bool enumerator_find(struct marker *marker, LLVMValueRef type, char **name, int64_t *value)
{
	struct walk walk = {.rest = marker->path};
	char *wanted = take_name(&walk);

	if (!wanted || *walk.rest || !is_enumeration(type) || size_in_bits(resolved(type)) > 64)
		return refuse_enumerator(marker, type, "");
	struct values enumerators = list_at(resolved(type), ELEMENTS);
	*name = NULL;
	for (size_t i = 0; i < enumerators.count && !*name; i++) {
		LLVMValueRef enumerator = enumerators.items[i];
		char *own = is_node(enumerator) ? text_at(enumerator, ENUMERATOR_NAME) : NULL;
		if (own && !strcmp(own, wanted)) {
			*name = wanted;
			*value = value_of_enumerator(enumerator);
		}
		free(own);
	}
	free(enumerators.items);
	return *name || refuse_enumerator(marker, type, wanted);
}
