#include "btf-types.h"
#include "btf-tag.h"
#include "libllvm.h"
#include "map.h"
#include "message.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

/* How LLVM comes to a type. */
enum way {
	DIRECTLY,           /* it follows pointers */
	AS_MEMBER,          /* a member leads to it, through no pointer yet */
	AS_MEMBERS_POINTEE, /* through one */
	AS_MAP,
	WITH_ALL, /* all pointers are followed */
	WAYS
};

struct step {
	LLVMValueRef type;
	enum way way;
};
static struct {
	ARRAY(struct step);
} steps; /* still to be taken */
static struct map taken[WAYS];
static struct map met, met_again; /* derived types, in any way */
static struct map with_members;
static bool follows_templates;

void btf_types_reset(void)
{
	steps.count = 0;
	for (size_t i = 0; i < WAYS; i++)
		map_clear(&taken[i]);
	map_clear(&met);
	map_clear(&met_again);
	map_clear(&with_members);
}

static void step(LLVMValueRef type, enum way way)
{
	if (is_node(type))
		array_add(&steps, (struct step){type, way});
}

void btf_reaches(LLVMValueRef type)
{
	step(type, DIRECTLY);
}

void btf_reaches_map(LLVMValueRef type)
{
	step(type, AS_MAP);
}

void btf_reaches_all(LLVMValueRef type)
{
	step(type, WITH_ALL);
}

void btf_reaches_arguments(LLVMValueRef node, unsigned index)
{
	struct values arguments = list_at(node, index);

	for (size_t i = 0; i < arguments.count; i++)
		if (is_node(arguments.items[i]))
			step(operand(arguments.items[i], ARGUMENT_TYPE), AS_MEMBER);
	free(arguments.items);
}

/* LLVM only names it where a member's pointer leads to it. */
static bool may_be_named_only(LLVMValueRef type)
{
	unsigned length = 0;

	return is_record(type) && !is_forward_declaration(type) && operand(type, NAME) &&
	       LLVMGetMDString(operand(type, NAME), &length) && length;
}

/* What a reference becomes is one, too. */
static bool is_plain_pointer(LLVMValueRef derived)
{
	switch (tag_of(derived)) {
	case TAG_POINTER:
	case TAG_REFERENCE:
	case TAG_RVALUE_REFERENCE:
		return !operand(derived, DERIVED_ANNOTATIONS);
	default:
		return false;
	}
}

static bool is_derived_type(LLVMValueRef type)
{
	return kind_of_node(type) == LLVMDIDerivedTypeMetadataKind;
}

static void follow_members(LLVMValueRef composite)
{
	struct values elements = list_at(composite, ELEMENTS);
	LLVMValueRef discriminant = operand(composite, DISCRIMINATOR);

	if (is_node(discriminant) && is_derived_type(discriminant))
		step(operand(discriminant, BASE), AS_MEMBER);
	for (size_t i = 0; i < elements.count; i++) {
		if (!is_node(elements.items[i]))
			continue;
		if (is_derived_type(elements.items[i]))
			step(operand(elements.items[i], BASE), AS_MEMBER);
		else if (kind_of_node(elements.items[i]) == LLVMDICompositeTypeMetadataKind)
			step(elements.items[i], DIRECTLY);
	}
	free(elements.items);
	if (follows_templates)
		btf_reaches_arguments(composite, TYPE_TEMPLATE);
}

/* What it stands for: a pointer with a type tag, which LLVM follows, or what may be a parameter. */
static void follow_tagged(LLVMValueRef composite)
{
	LLVMValueRef type = btf_tag_of(composite) ? btf_tagged_type(composite) : NULL;

	if (type && is_derived_type(type))
		step(operand(type, BASE), DIRECTLY);
}

static void follow_composite(LLVMValueRef composite)
{
	if (!map_add(&with_members, composite))
		return;
	switch (tag_of(composite)) {
	case TAG_ARRAY:
		step(operand(composite, BASE), DIRECTLY);
		break;
	case TAG_ENUMERATION:
		break;
	default:
		follow_tagged(composite);
		follow_members(composite);
	}
}

static void follow_prototype(LLVMValueRef prototype)
{
	struct values types = list_at(prototype, TYPES);

	for (size_t i = 0; i < types.count; i++)
		step(types.items[i], DIRECTLY);
	free(types.items);
}

/* Where LLVM comes to a derived type again, it looks for what is behind it and was left out, and
 * heeds but the last pointer on the way. */
static void follow_again(LLVMValueRef derived)
{
	LLVMValueRef base;

	while (base = operand(derived, BASE), is_node(base) && is_derived_type(base))
		derived = base;
	if (!is_node(base) || (is_plain_pointer(derived) && may_be_named_only(base)))
		return;
	step(base, AS_MEMBER);
}

static void follow_derived(LLVMValueRef derived, enum way way)
{
	LLVMValueRef base = operand(derived, BASE);

	switch (tag_of(derived)) {
	case TAG_POINTER_TO_MEMBER: /* becomes an array of bytes */
		return;
	case TAG_MEMBER:
	case TAG_INHERITANCE:
		step(base, AS_MEMBER);
		return;
	case TAG_POINTER:
	case TAG_REFERENCE:
	case TAG_RVALUE_REFERENCE:
	case TAG_TYPEDEF:
	case TAG_CONST:
	case TAG_VOLATILE:
	case TAG_RESTRICT:
		if (way == AS_MEMBER && is_plain_pointer(derived))
			way = AS_MEMBERS_POINTEE;
		if (way == AS_MEMBERS_POINTEE && is_node(base) && may_be_named_only(base))
			return;
		break;
	default: /* is passed over */
		break;
	}
	step(base, way);
}

static void follow_map(LLVMValueRef type)
{
	struct values elements;

	step(type, DIRECTLY);
	if (is_derived_type(type) || tag_of(type) == TAG_ARRAY) {
		step(operand(type, BASE), AS_MAP);
		return;
	}
	elements = list_at(type, ELEMENTS);
	for (size_t i = 0; i < elements.count; i++)
		if (is_node(elements.items[i]) && is_derived_type(elements.items[i])) {
			LLVMValueRef base = operand(elements.items[i], BASE);
			bool is_composite =
			    is_node(base) && kind_of_node(base) == LLVMDICompositeTypeMetadataKind;
			step(base, is_composite ? AS_MAP : DIRECTLY);
		}
	free(elements.items);
}

static void follow_all(LLVMValueRef type)
{
	struct values members = {NULL, 0, 0};

	step(type, DIRECTLY);
	if (is_derived_type(type) || tag_of(type) == TAG_ARRAY)
		step(operand(type, BASE), WITH_ALL);
	else if (is_record(type))
		members = list_at(type, ELEMENTS);
	for (size_t i = 0; i < members.count; i++)
		if (is_node(members.items[i]) && is_derived_type(members.items[i]))
			step(operand(members.items[i], BASE), WITH_ALL);
	free(members.items);
}

static void take(struct step next)
{
	bool is_new = map_add(&taken[next.way], next.type);
	LLVMMetadataKind kind = kind_of_node(next.type);

	if (next.way == AS_MAP || next.way == WITH_ALL) {
		if (is_new && (kind == LLVMDIDerivedTypeMetadataKind ||
				  kind == LLVMDICompositeTypeMetadataKind))
			(next.way == AS_MAP ? follow_map : follow_all)(next.type);
		else
			step(is_new ? next.type : NULL, DIRECTLY);
		return;
	}
	if (kind == LLVMDICompositeTypeMetadataKind && is_new)
		follow_composite(next.type);
	if (kind == LLVMDISubroutineTypeMetadataKind && is_new)
		follow_prototype(next.type);
	if (kind != LLVMDIDerivedTypeMetadataKind)
		return;
	if (!map_add(&met, next.type))
		map_add(&met_again, next.type);
	if (map_has(&met_again, next.type) && map_has(&taken[AS_MEMBER], next.type))
		follow_again(next.type);
	if (is_new)
		follow_derived(next.type, next.way);
}

void btf_find_types(bool with_templates)
{
	if (libllvm_major() > NEWEST_LLVM)
		return;
	follows_templates = with_templates;
	while (steps.count)
		take(steps.items[--steps.count]);
}

/* A type that BTF cannot have must look like it. */
bool btf_has_members(LLVMValueRef composite)
{
	enum { LARGE = 1 << 24, MANY = 0xffff };

	return libllvm_major() > NEWEST_LLVM || map_has(&with_members, composite) ||
	       !is_record(composite) || size_in_bits(composite) >= LARGE ||
	       count_elements(composite) > MANY;
}

bool btf_only_names(LLVMValueRef composite)
{
	return libllvm_major() <= NEWEST_LLVM && may_be_named_only(composite) &&
	       !map_has(&with_members, composite);
}
