#include "types.h"
#include "c-names.h"
#include "debug-info.h"
#include "libllvm.h"
#include "memory.h"
#include "metadata.h"
#include "node-text.h"
#include "nodes.h"
#include "text.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMBERS = 0xffff };
/* Offsets are counted in bits, in 32 of them, and in 24 where a struct has bit-fields. */
static const uint64_t largest_struct = UINT32_MAX, largest_with_bit_fields = (1 << 24) - 1;

LLVMValueRef basic_type(const char *name, uint64_t bits, LLVMDWARFTypeEncoding encoding)
{
	LLVMValueRef type = value_of(LLVMDIBuilderCreateBasicType(
	    builder, name, strlen(name), bits, encoding, LLVMDIFlagZero));

	add_node(type);
	return type;
}

static LLVMValueRef structure(const char *name, LLVMValueRef file)
{
	return value_of(LLVMDIBuilderCreateStructType(builder, NULL, name, strlen(name),
	    metadata_of(file), 0, 0, 0, LLVMDIFlagZero, NULL, NULL, 0, 0, NULL, "", 0));
}

LLVMValueRef bytes(uint64_t bits)
{
	uint64_t count = bits / 8 <= UINT32_MAX ? (bits + 7) / 8 : 0;
	LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(builder, 0, count);
	LLVMValueRef type = value_of(LLVMDIBuilderCreateArrayType(builder, 8 * count, 8,
	    metadata_of(basic_type("unsigned char", 8, encoding_of_c("unsigned char"))), &range,
	    1));

	add_node(type);
	return type;
}

/* "" where it has none. For the caller to free. */
static char *encoding_of(LLVMValueRef basic)
{
	char *encoding = node_field(basic, "encoding");

	return encoding ? encoding : xstrdup("");
}

static void replace_by_bytes(LLVMValueRef type, const char *name, const char *why)
{
	static bool warned;
	char *text = xasprintf("%s; it becomes an array of bytes", why);

	if (!*name)
		name = "(unnamed)";

	note("type", name, text);
	if (!listing && !warned)
		message(LEVEL_WARN,
		    "type '%s' %s (and perhaps others; --log-level=debug names all)", name, text);
	warned = true;
	free(text);
	replace(type, bytes(size_in_bits(type)));
}

/* C has types of few names, and BTF of few encodings; one of another name is a typedef. */
static void fit_basic_type(LLVMValueRef type)
{
	char *name = text_at(type, NAME), *encoding = encoding_of(type), *fit;
	const char *in_c = name_in_c(encoding, size_in_bits(type));
	bool is_character = !strcmp(encoding, "DW_ATE_UTF");

	if (is_name_in_c(name) && !is_character) {
		/* as clang has it */
	} else if (size_in_bits(type) == 0) {
		note("type", name, "is empty; it becomes a struct without members");
		fit = sanitized(name);
		LLVMValueRef new = structure(fit, NULL);
		free(fit);
		add_node(new);
		replace(type, new);
	} else if (in_c && !*name) {
		replace(type, basic_type(in_c, size_in_bits(type), encoding_of_c(in_c)));
	} else if (in_c) {
		/* Rust's char is not C's */
		fit = is_name_in_c(name) ? xstrdup("char32_t") : sanitized(name);
		note("type", name, xasprintf("is a typedef '%s' of C's '%s'", fit, in_c));
		LLVMValueRef base = basic_type(in_c, size_in_bits(type), encoding_of_c(in_c));
		LLVMValueRef new = value_of(LLVMDIBuilderCreateTypedef(
		    builder, metadata_of(base), fit, strlen(fit), NULL, 0, NULL, 0));
		free(fit);
		add_node(new);
		replace(type, new);
	} else {
		replace_by_bytes(type, name, "has an encoding unknown to BTF");
	}
	free(encoding);
	free(name);
}

static LLVMValueRef member(const char *name, LLVMValueRef like, uint64_t offset, LLVMValueRef type)
{
	LLVMValueRef node =
	    value_of(LLVMDIBuilderCreateMemberType(builder, metadata_of(operand(like, SCOPE)), name,
		strlen(name), metadata_of(operand(like, FILE_OF)), 0, size_in_bits(type), 0, offset,
		LLVMDIFlagZero, metadata_of(type)));

	add_node(node);
	return node;
}

/* The discriminant stands at the union's beginning, or in a struct that begins there. */
static LLVMValueRef discriminant_member(LLVMValueRef variants, LLVMValueRef discriminant)
{
	uint64_t offset = LLVMDITypeGetOffsetInBits(metadata_of(discriminant));
	LLVMValueRef type = operand(discriminant, BASE);
	LLVMValueRef named = member("discriminant", discriminant, offset, type);

	if (!offset)
		return named;
	LLVMMetadataRef elements[] = {metadata_of(named)};
	LLVMValueRef holder = value_of(
	    LLVMDIBuilderCreateStructType(builder, metadata_of(operand(variants, SCOPE)), "", 0,
		metadata_of(operand(variants, FILE_OF)), 0, offset + size_in_bits(discriminant), 0,
		LLVMDIFlagZero, NULL, elements, 1, 0, NULL, "", 0));
	add_node(holder);
	return member("", variants, 0, holder);
}

/* The variants of an enum of Rust's: a union, of which the discriminant is a member, too. */
static void fit_variants(LLVMValueRef variants)
{
	LLVMValueRef discriminant = operand(variants, DISCRIMINATOR),
		     old = operand(variants, ELEMENTS);
	struct values elements = {NULL, 0, 0}, members = old ? operands_of(old) : elements;

	if (is_derived(discriminant, TAG_MEMBER) && is_type(operand(discriminant, BASE)))
		add_value(&elements, discriminant_member(variants, discriminant));
	for (size_t i = 0; i < members.count; i++)
		if (members.items[i])
			add_value(&elements, members.items[i]);
	set_operand(variants, ELEMENTS, tuple(elements));
	add_node(operand(variants, ELEMENTS));
	set_operand(variants, DISCRIMINATOR, NULL);
	remake(variants, "DW_TAG_variant_part", "DW_TAG_union_type");
}

struct element {
	LLVMValueRef member;
	uint64_t offset;
	size_t position;
};

static int by_offset(const void *a, const void *b)
{
	const struct element *left = a, *right = b;

	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return left->position < right->position ? -1 : 1;
}

static bool is_static_member(LLVMValueRef node)
{
	return LLVMDITypeGetFlags(metadata_of(node)) & LLVMDIFlagStaticMember;
}

/* Members in order of offset; what is none (methods, static members) is left out. */
static void fit_elements(LLVMValueRef type, const char *name)
{
	LLVMValueRef old = operand(type, ELEMENTS);

	if (!is_node(old))
		return;
	struct values given = operands_of(old), fit = {NULL, 0, 0};
	struct element *elements = xcalloc(given.count + 1, sizeof *elements);
	bool changed = false, sorted = true;
	size_t count = 0;

	for (size_t i = 0; i < given.count; i++) {
		LLVMValueRef element = given.items[i];
		if (is_node(element) && kind_of_node(element) == LLVMDICompositeTypeMetadataKind &&
		    tag_of(element) == TAG_VARIANT_PART) {
			element = member("", type, 0, element);
			changed = true;
		} else if ((!is_derived(element, TAG_MEMBER) &&
			       !is_derived(element, TAG_INHERITANCE)) ||
			   is_static_member(element)) {
			changed = true;
			continue;
		}
		elements[count] = (struct element){
		    element, LLVMDITypeGetOffsetInBits(metadata_of(element)), count};
		sorted &= !count || elements[count - 1].offset <= elements[count].offset;
		count++;
	}
	if (!sorted) {
		note("type", name, "has its members sorted by offset");
		qsort(elements, count, sizeof *elements, by_offset);
	}
	if (changed || !sorted) {
		for (size_t i = 0; i < count; i++)
			add_value(&fit, elements[i].member);
		set_operand(type, ELEMENTS, tuple(fit));
		add_node(operand(type, ELEMENTS));
	}
	free(elements);
	free(given.items);
	free(fit.items);
}

static bool has_bit_fields(LLVMValueRef type)
{
	struct values members = list_at(type, ELEMENTS);
	bool result = false;

	for (size_t i = 0; i < members.count; i++)
		result |= is_derived(members.items[i], TAG_MEMBER) &&
			  LLVMDITypeGetFlags(metadata_of(members.items[i])) & LLVMDIFlagBitField;
	free(members.items);
	return result;
}

static void fit_structure(LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	if (count_elements(type) > MOST_MEMBERS)
		replace_by_bytes(type, name, "has more members than BTF allows");
	else if (size_in_bits(type) > largest_struct ||
		 (size_in_bits(type) > largest_with_bit_fields && has_bit_fields(type)))
		replace_by_bytes(type, name, "is larger than BTF allows");
	else
		fit_elements(type, name);
	if (tag_of(type) == TAG_CLASS && !is_replaced(type))
		remake(type, "DW_TAG_class_type", "DW_TAG_structure_type");
	sanitize_name(type, NAME, "type");
	free(name);
}

/* LLVM looks for the sign in the type below the enum, which must be a basic one. */
static void fit_base_of_enumeration(LLVMValueRef type)
{
	LLVMValueRef base = operand(type, BASE);

	while (is_type(base) && kind_of_node(base) == LLVMDIDerivedTypeMetadataKind)
		base = operand(base, BASE);
	if (!is_type(base) || kind_of_node(base) != LLVMDIBasicTypeMetadataKind)
		return;
	char *encoding = encoding_of(base);
	const char *in_c = name_in_c(encoding, size_in_bits(base));
	set_operand(
	    type, BASE, in_c ? basic_type(in_c, size_in_bits(base), encoding_of_c(in_c)) : base);
	free(encoding);
}

static void fit_enumeration(LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	fit_base_of_enumeration(type);
	/* as clang and gcc have it; a kernel takes no size of 0 */
	if (LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl && !size_in_bits(type))
		set_operand(
		    type, SIZE, LLVMConstInt(LLVMInt64TypeInContext(metadata_context), 32, false));

	if (!(LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl) &&
	    (size_in_bits(type) > 64 || count_elements(type) > MOST_MEMBERS)) {
		replace_by_bytes(type, name, "is an enum larger than BTF allows");
	} else if (!(LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl) &&
		   !size_in_bits(type)) {
		note("type", name, "is empty; it becomes a struct without members");
		char *fit = sanitized(name);
		LLVMValueRef new = structure(fit, NULL);
		free(fit);
		add_node(new);
		replace(type, new);
	}
	sanitize_name(type, NAME, "type");
	free(name);
}

/* LLVM takes the number of elements where it is a constant, and crashes where there are only
 * bounds. */
static void fit_array(LLVMValueRef type)
{
	LLVMValueRef old = operand(type, ELEMENTS);
	struct values ranges, fit = {NULL, 0, 0};

	if (!is_node(old))
		return;
	ranges = operands_of(old);
	for (size_t i = 0; i < ranges.count; i++) {
		bool is_counted = is_node(ranges.items[i]) &&
				  kind_of_node(ranges.items[i]) == LLVMDISubrangeMetadataKind &&
				  operand(ranges.items[i], COUNT);
		add_value(&fit, is_counted
				    ? ranges.items[i]
				    : value_of(LLVMDIBuilderGetOrCreateSubrange(builder, 0, 0)));
	}
	/* macros of map definitions say a number by an array of int, which must not overflow */
	if (size_in_bits(type) / 8 > UINT32_MAX) {
		note("type", "(array)",
		    "is larger than the kernel allows; it becomes an array of bytes");
		set_operand(
		    type, BASE, basic_type("unsigned char", 8, encoding_of_c("unsigned char")));
	}
	set_operand(type, ELEMENTS, tuple(fit));
	add_node(operand(type, ELEMENTS));
	free(ranges.items);
	free(fit.items);
}

static void fit_composite(LLVMValueRef type)
{
	switch (tag_of(type)) {
	case TAG_STRUCTURE:
	case TAG_CLASS:
	case TAG_UNION:
		fit_structure(type);
		break;
	case TAG_VARIANT_PART:
		fit_variants(type);
		break;
	case TAG_ENUMERATION:
		fit_enumeration(type);
		break;
	case TAG_ARRAY:
		fit_array(type);
		break;
	default:
		replace_by_bytes(type, "", "is of a kind unknown to BTF");
	}
}

/* A base class is a member that has its name. */
static void fit_inheritance(LLVMValueRef type)
{
	LLVMValueRef base = operand(type, BASE);
	char *name = is_node(base) ? text_at(base, NAME) : xstrdup("");

	set_operand(type, NAME, string(name));
	sanitize_name(type, NAME, "base");
	remake(type, "DW_TAG_inheritance", "DW_TAG_member");
	free(name);
}

/* Rust's (), and core::ffi::c_void, which is an enum. */
static bool is_void_of_rust(LLVMValueRef type)
{
	if (!is_type(type))
		return false;
	if (kind_of_node(type) == LLVMDIBasicTypeMetadataKind)
		return !size_in_bits(type);
	if (kind_of_node(type) != LLVMDICompositeTypeMetadataKind ||
	    tag_of(type) != TAG_ENUMERATION)
		return false;
	char *name = text_at(type, NAME);
	bool result = !strcmp(name, "c_void");
	free(name);
	return result;
}

static void fit_pointer(LLVMValueRef type, const char *name)
{
	if (*name)
		note("pointer type", name, "has no name in BTF");
	set_operand(type, NAME, NULL);
	if (is_void_of_rust(operand(type, BASE)))
		set_operand(type, BASE, NULL);
}

static void fit_derived(LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	switch (tag_of(type)) {
	case TAG_REFERENCE:
		remake(type, "DW_TAG_reference_type", "DW_TAG_pointer_type");
		set_operand(type, NAME, NULL);
		break;
	case TAG_RVALUE_REFERENCE:
		remake(type, "DW_TAG_rvalue_reference_type", "DW_TAG_pointer_type");
		set_operand(type, NAME, NULL);
		break;
	case TAG_POINTER:
		fit_pointer(type, name);
		break;
	case TAG_INHERITANCE:
		fit_inheritance(type);
		break;
	case TAG_MEMBER:
		sanitize_name(type, NAME, "member");
		break;
	case TAG_TYPEDEF:
		if (*name)
			sanitize_name(type, NAME, "typedef");
		else if (is_type(operand(type, BASE)))
			replace(type, operand(type, BASE));
		break;
	case TAG_CONST:
	case TAG_VOLATILE:
	case TAG_RESTRICT:
	case TAG_ATOMIC:
		break;
	case TAG_POINTER_TO_MEMBER:
		replace_by_bytes(type, name, "is a pointer to a member");
		break;
	default:
		/* LLVM's own qualifiers, and aliases: what they stand for */
		if (is_type(operand(type, BASE)))
			replace(type, operand(type, BASE));
	}
	free(name);
}

static void fit_node(LLVMValueRef node)
{
	switch (kind_of_node(node)) {
	case LLVMDIBasicTypeMetadataKind:
		fit_basic_type(node);
		break;
	case LLVMDIDerivedTypeMetadataKind:
		fit_derived(node);
		break;
	case LLVMDICompositeTypeMetadataKind:
		fit_composite(node);
		break;
	case LLVMDIStringTypeMetadataKind:
	case LLVMDISubrangeTypeMetadataKind:
	case LLVMDIFixedPointTypeMetadataKind:
		replace_by_bytes(node, "", "is of a kind unknown to BTF");
		break;
	case LLVMDIEnumeratorMetadataKind:
		sanitize_name(node, ENUMERATOR_NAME, "enumerator");
		break;
	case LLVMDISubprogramMetadataKind:
		sanitize_name(node, NAME, "function");
		break;
	case LLVMDILocalVariableMetadataKind:
		sanitize_name(node, VARIABLE_NAME, "variable");
		break;
	default:
		break;
	}
}

void fit_nodes(void)
{
	for (size_t i = 0; i < nodes.count; i++)
		if (!is_replaced(nodes.items[i]))
			fit_node(nodes.items[i]);
}
