/* bpf-debuginfo: makes debug info fit for BTF, which code generation makes of it.
 *
 * Kernels and loaders refuse all BTF of an object for one type that they do not know, one name that
 * is no C identifier, or one function without a prototype. What is not fit is mended in place.
 * LLVM-C can change the operands of a metadata node, but neither its flags nor its tag: such a node
 * is made anew, of its own text, which says all there is to know of it (see remake).
 *
 * BTF is made from the subprograms and variables, their types, and the instructions' locations.
 * All else is dropped, unless --debug-info=full, and so that BTF comes out the same. */
#include "exports.h"
#include "libllvm.h"
#include "llvm-version.h"
#include "message.h"
#include "module.h"
#include "names.h"
#include "options.h"
#include "pointers.h"
#include <inttypes.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"lines", "full", "none", NULL};
static const char *debug_info = "lines";
static bool btf, strip, list;

static const struct option_spec own_options[] = {
    {"btf", 0, OPTION_FLAG, &btf, NULL, "make debug info fit for BTF"},
    {"debug-info", 0, OPTION_CHOICE, &debug_info, "WHAT",
	"beside BTF, keep lines, DWARF in full, or none (default: lines)", kinds},
    {"strip", 0, OPTION_FLAG, &strip, NULL, "drop all debug info"},
    {"list", 0, OPTION_FLAG, &list, NULL, "instead of the module, write what is changed, and why"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-debuginfo",
    .operands = "[FILE]",
    .purpose = "Makes the debug info of an LLVM module fit for BTF, or drops it.",
    .tables = (const struct option_spec *const[]){own_options, NULL},
    .most_operands = 1,
};

/* The kernel's KSYM_NAME_LEN, with the NUL at the end. */
enum { LONGEST_NAME = 127 };
enum { MOST_MEMBERS = 0xffff };
/* A little less than the kernel's MAX_RESOLVE_DEPTH. */
enum { DEEPEST_TYPE = 30 };
/* Offsets are counted in bits, in 32 of them, and in 24 where a struct has bit-fields. */
static const uint64_t largest_struct = UINT32_MAX, largest_with_bit_fields = (1 << 24) - 1;

/* Places of a node's operands. lib/IR/DebugInfoMetadata.cpp of LLVM 21 and later. */
enum { FILE_OF = 0, SCOPE = 1, NAME = 2 }; /* of types and subprograms */
enum { SIZE = 3, BASE = 5 };
enum { ELEMENTS = 6, VTABLE = 7, TYPE_TEMPLATE = 8, IDENTIFIER = 9, DISCRIMINATOR = 10 };
enum { FUNCTION_TYPE = 4, UNIT = 5, DECLARATION = 6, RETAINED = 7, CONTAINING = 8 };
enum { FUNCTION_TEMPLATE = 9, THROWN = 10, TARGET_NAME = 12 };
enum { SPLIT_NAME = 3, ENUMERATIONS, RETAINED_TYPES, GLOBALS, IMPORTED, MACROS }; /* of units */
enum { VARIABLE_SCOPE = 0, VARIABLE_NAME = 1, STATIC_MEMBER = 6, VARIABLE_TEMPLATE = 7 };
enum { ENUMERATOR_NAME = 0 };
enum { COUNT = 0 }; /* of a subrange */
enum { TYPES = 5 }; /* of a subroutine type */

/* DWARF's tags, https://dwarfstd.org */
enum tag {
	TAG_ARRAY = 0x01,
	TAG_CLASS = 0x02,
	TAG_ENUMERATION = 0x04,
	TAG_MEMBER = 0x0d,
	TAG_POINTER = 0x0f,
	TAG_REFERENCE = 0x10,
	TAG_STRUCTURE = 0x13,
	TAG_TYPEDEF = 0x16,
	TAG_UNION = 0x17,
	TAG_INHERITANCE = 0x1c,
	TAG_POINTER_TO_MEMBER = 0x1f,
	TAG_CONST = 0x26,
	TAG_VARIANT_PART = 0x33,
	TAG_VOLATILE = 0x35,
	TAG_RESTRICT = 0x37,
	TAG_RVALUE_REFERENCE = 0x42,
	TAG_ATOMIC = 0x47,
};

static bool keeps_all(void)
{
	return !strcmp(debug_info, "full");
}

/* What cannot be mended must not stay. */
static bool keeps_records(void)
{
	return keeps_all() && libllvm_has_debug_records();
}

static LLVMContextRef context;
static LLVMModuleRef module;
static LLVMDIBuilderRef builder;
static struct output *output;

/* Nodes and their operands are values: LLVM has one value for each node. */
struct values {
	LLVMValueRef *items;
	size_t count, room;
};

static struct values nodes;   /* all that debug info reaches */
static struct pointers known; /* of nodes */

/* A node that takes the place of another. */
struct replacement {
	LLVMValueRef old, new;
};
static struct {
	struct replacement *items;
	size_t count;
} replacements;
static struct pointers replaced; /* their old nodes */

static void add_value(struct values *values, LLVMValueRef value)
{
	if (values->count >= values->room) {
		values->room = values->count ? 2 * values->count : 8;
		values->items = xrealloc(values->items, values->room * sizeof value);
	}
	values->items[values->count++] = value;
}

/* Notes a change, for --list and the log. */
static void note(const char *what, const char *name, const char *why)
{
	char *line = xasprintf("%s '%s': %s", what, name, why);

	if (list)
		output_write(output, line, strlen(line)), output_write(output, "\n", 1);
	else
		message(LEVEL_DEBUG, "%s", line);
	free(line);
}

/* Metadata */

static LLVMValueRef value_of(LLVMMetadataRef metadata)
{
	return metadata ? LLVMMetadataAsValue(context, metadata) : NULL;
}

static LLVMMetadataRef metadata_of(LLVMValueRef value)
{
	return value ? LLVMValueAsMetadata(value) : NULL;
}

static bool is_node(LLVMValueRef value)
{
	return value && LLVMIsAMDNode(value);
}

static LLVMMetadataKind kind_of_node(LLVMValueRef node)
{
	return LLVMGetMetadataKind(metadata_of(node));
}

/* The operands, for the caller to free; NULL for those that are missing. */
static struct values operands_of(LLVMValueRef node)
{
	struct values operands = {.count = LLVMGetMDNodeNumOperands(node)};

	operands.items = xcalloc(operands.count + 1, sizeof *operands.items);
	LLVMGetMDNodeOperands(node, operands.items);
	return operands;
}

static LLVMValueRef operand(LLVMValueRef node, unsigned place)
{
	struct values operands = operands_of(node);
	LLVMValueRef value = place < operands.count ? operands.items[place] : NULL;

	free(operands.items);
	return value;
}

static void set_operand(LLVMValueRef node, unsigned place, LLVMValueRef value)
{
	if (place < (unsigned)LLVMGetMDNodeNumOperands(node))
		LLVMReplaceMDNodeOperandWith(node, place, metadata_of(value));
}

static LLVMValueRef string(const char *text)
{
	return value_of(LLVMMDStringInContext2(context, text, strlen(text)));
}

static LLVMValueRef tuple(struct values values)
{
	LLVMMetadataRef *items = xcalloc(values.count + 1, sizeof *items);

	for (size_t i = 0; i < values.count; i++)
		items[i] = metadata_of(values.items[i]);
	LLVMValueRef result = value_of(LLVMMDNodeInContext2(context, items, values.count));
	free(items);
	return result;
}

/* The string operand at the place, "" where it is missing. For the caller to free. */
static char *text_at(LLVMValueRef node, unsigned place)
{
	LLVMValueRef value = operand(node, place);
	unsigned length = 0;
	const char *text = value ? LLVMGetMDString(value, &length) : NULL;

	return text ? strndup(text, length) : strdup("");
}

static enum tag tag_of(LLVMValueRef node)
{
	return LLVMGetDINodeTag(metadata_of(node));
}

static bool is_type(LLVMValueRef value)
{
	switch (is_node(value) ? kind_of_node(value) : LLVMMDTupleMetadataKind) {
	case LLVMDIBasicTypeMetadataKind:
	case LLVMDIDerivedTypeMetadataKind:
	case LLVMDICompositeTypeMetadataKind:
	case LLVMDISubroutineTypeMetadataKind:
		return true;
	default:
		return false;
	}
}

static bool is_derived(LLVMValueRef value, enum tag tag)
{
	return is_node(value) && kind_of_node(value) == LLVMDIDerivedTypeMetadataKind &&
	       tag_of(value) == tag;
}

static uint64_t size_in_bits(LLVMValueRef type)
{
	return LLVMDITypeGetSizeInBits(metadata_of(type));
}

static void add_node(LLVMValueRef value)
{
	if (is_node(value) && pointers_add(&known, value))
		add_value(&nodes, value);
}

static void replace(LLVMValueRef old, LLVMValueRef new)
{
	replacements.items =
	    xrealloc(replacements.items, (replacements.count + 1) * sizeof *replacements.items);
	replacements.items[replacements.count++] = (struct replacement){old, new};
	pointers_add(&replaced, old);
}

static int by_old(const void *a, const void *b)
{
	const struct replacement *left = a, *right = b;

	return (left->old > right->old) - (left->old < right->old);
}

/* What stands for the value now. */
static LLVMValueRef current(LLVMValueRef value)
{
	while (value && pointers_has(&replaced, value)) {
		struct replacement key = {.old = value};
		const struct replacement *found = bsearch(&key, replacements.items,
		    replacements.count, sizeof *replacements.items, by_old);
		value = found->new;
	}
	return value;
}

static void put_replacements_in_place(void)
{
	if (replacements.count)
		qsort(replacements.items, replacements.count, sizeof *replacements.items, by_old);
	for (size_t i = 0; i < nodes.count; i++) {
		struct values operands = operands_of(nodes.items[i]);
		for (size_t j = 0; j < operands.count; j++)
			if (current(operands.items[j]) != operands.items[j])
				set_operand(nodes.items[i], j, current(operands.items[j]));
		free(operands.items);
	}
}

/* Nodes made anew, with another word in their text. All are parsed at once. */

static struct values remade;
static char *remade_text;
static size_t remade_size;
static FILE *remade_lines;

/* In a node's text, the operands are addresses: `scope: <0x5581>`. Any node will do in their
 * place until they are set. */
static void write_with_placeholders(const char *text)
{
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted; /* in a string it is \22 */
		if (!quoted && !strncmp(text, "<0x", 3)) {
			fputs("!0", remade_lines);
			text = strchr(text, '>');
		} else {
			fputc(*text, remade_lines);
		}
	}
}

/* The first place of part in a node's text, outside of strings. */
static char *find_in_node(char *text, const char *part)
{
	size_t length = strlen(part);

	for (bool quoted = false; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == *part && !strncmp(text, part, length))
			return text;
	}
	return NULL;
}

/* A part of a node's text, and what takes its place. */
struct edit {
	const char *from, *to;
};

static char *with_edit(char *text, struct edit edit)
{
	char *place = find_in_node(text, edit.from);

	if (!place)
		return text;
	char *result =
	    xasprintf("%.*s%s%s", (int)(place - text), text, edit.to, place + strlen(edit.from));
	free(text);
	return result;
}

/* Has the node replaced by one whose text is changed: each edit where it first applies, if it does.
 */
static void remake_with(LLVMValueRef node, const struct edit *edits, size_t count)
{
	char *printed = LLVMPrintValueToString(node), *body = strchr(printed, '!');

	if (!body)
		fail("cannot make sense of LLVM's metadata: %s", printed);
	if (!remade_lines)
		remade_lines = open_memstream(&remade_text, &remade_size);
	char *text = strdup(body);
	for (size_t i = 0; i < count; i++)
		text = with_edit(text, edits[i]);
	add_value(&remade, node);
	/* distinct, or equal ones would be one until they have their operands */
	fprintf(remade_lines, "!%zu = distinct ", remade.count);
	write_with_placeholders(text);
	fputc('\n', remade_lines);
	free(text);
	LLVMDisposeMessage(printed);
}

static void remake(LLVMValueRef node, const char *from, const char *to)
{
	struct edit edit = {from, to};

	remake_with(node, &edit, 1);
}

static void parse_remade(void)
{
	LLVMModuleRef parsed;
	char *reason = NULL;

	if (!remade.count)
		return;
	fputs("!0 = !{}\n!remade = !{", remade_lines);
	for (size_t i = 1; i <= remade.count; i++)
		fprintf(remade_lines, "%s!%zu", i > 1 ? ", " : "", i);
	fputs("}\n", remade_lines);
	fclose(remade_lines);
	if (LLVMParseIRInContext(context,
		LLVMCreateMemoryBufferWithMemoryRangeCopy(remade_text, remade_size, "metadata"),
		&parsed, &reason))
		fail("cannot read LLVM's metadata again: %s", reason);
	LLVMValueRef *new = xcalloc(remade.count, sizeof *new);
	LLVMGetNamedMetadataOperands(parsed, "remade", new);
	for (size_t i = 0; i < remade.count; i++) {
		struct values operands = operands_of(remade.items[i]);
		for (size_t j = 0; j < operands.count; j++)
			set_operand(new[i], j, operands.items[j]);
		free(operands.items);
		replace(remade.items[i], new[i]);
		add_node(new[i]);
	}
	free(new);
}

/* Names */

static bool is_identifier(const char *name)
{
	return strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			    "uvwxyz_") == strlen(name) &&
	       (*name < '0' || *name > '9');
}

/* A C identifier for the name, for the caller to free: each other byte becomes _HEX_, and one
 * that is too long is cut and ends in a hash of the whole name. */
static char *identifier_for(const char *name)
{
	char *text, *end;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (*name >= '0' && *name <= '9')
		fputc('_', stream);
	for (const char *c = name; *c; c++) {
		char byte[] = {*c, '\0'};
		if (is_identifier(byte) || (*c >= '0' && *c <= '9'))
			fputc(*c, stream);
		else
			fprintf(stream, "_%X_", (unsigned char)*c);
	}
	fclose(stream);
	if (size > LONGEST_NAME) {
		end = xasprintf("_%016" PRIx64, names_hash(name));
		strcpy(text + LONGEST_NAME - strlen(end), end);
		free(end);
	}
	return text;
}

/* What BTF is printed as, C, has no such names. */
static bool is_keyword(const char *name)
{
	static const char *const keywords[] = {"asm", "auto", "break", "case", "char", "const",
	    "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
	    "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
	    "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned",
	    "void", "volatile", "while"};

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (!strcmp(name, keywords[i]))
			return true;
	return false;
}

static void fit_name(LLVMValueRef node, unsigned place, const char *what)
{
	char *name = text_at(node, place);

	if (is_keyword(name)) {
		char *fit = xasprintf("%s_", name);
		note(what, name, xasprintf("is called '%s', since it is a word of C's", fit));
		set_operand(node, place, string(fit));
		free(fit);
	} else if (*name && (!is_identifier(name) || strlen(name) > LONGEST_NAME)) {
		char *fit = identifier_for(name);
		note(what, name, xasprintf("is called '%s', which is a C identifier", fit));
		set_operand(node, place, string(fit));
		free(fit);
	}
	free(name);
}

/* Types */

static LLVMValueRef basic_type(const char *name, uint64_t bits, LLVMDWARFTypeEncoding encoding)
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

/* C's type of the encoding and size, as clang describes it; NULL when there is none. */
static const char *name_in_c(const char *encoding, uint64_t bits)
{
	static const struct {
		const char *encoding;
		unsigned bits;
		const char *name;
	} types[] = {
	    {"DW_ATE_unsigned", 8, "unsigned char"},
	    {"DW_ATE_unsigned", 16, "unsigned short"},
	    {"DW_ATE_unsigned", 32, "unsigned int"},
	    {"DW_ATE_unsigned", 64, "unsigned long long"},
	    {"DW_ATE_unsigned", 128, "unsigned __int128"},
	    {"DW_ATE_unsigned_char", 8, "unsigned char"},
	    {"DW_ATE_signed", 8, "signed char"},
	    {"DW_ATE_signed", 16, "short"},
	    {"DW_ATE_signed", 32, "int"},
	    {"DW_ATE_signed", 64, "long long"},
	    {"DW_ATE_signed", 128, "__int128"},
	    {"DW_ATE_signed_char", 8, "signed char"},
	    {"DW_ATE_boolean", 8, "_Bool"},
	    {"DW_ATE_UTF", 8, "unsigned char"},
	    {"DW_ATE_UTF", 16, "unsigned short"},
	    {"DW_ATE_UTF", 32, "unsigned int"},
	    {"DW_ATE_float", 16, "_Float16"},
	    {"DW_ATE_float", 32, "float"},
	    {"DW_ATE_float", 64, "double"},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bits == types[i].bits && !strcmp(encoding, types[i].encoding))
			return types[i].name;
	return NULL;
}

/* The names that clang gives to C's own types. */
static bool is_name_in_c(const char *name)
{
	static const char *const names[] = {"char", "signed char", "unsigned char", "short",
	    "unsigned short", "int", "unsigned int", "long", "unsigned long", "long long",
	    "unsigned long long", "__int128", "unsigned __int128", "_Bool", "float", "double",
	    "long double", "_Float16"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static LLVMDWARFTypeEncoding encoding_of_c(const char *name)
{
	enum {
		BOOLEAN = 2,
		FLOAT = 4,
		SIGNED = 5,
		SIGNED_CHAR = 6,
		UNSIGNED = 7,
		UNSIGNED_CHAR = 8
	};

	if (!strcmp(name, "_Bool"))
		return BOOLEAN;
	if (!strcmp(name, "float") || !strcmp(name, "double") || !strcmp(name, "_Float16"))
		return FLOAT;
	if (!strcmp(name, "unsigned char"))
		return UNSIGNED_CHAR;
	if (!strcmp(name, "signed char"))
		return SIGNED_CHAR;
	return strncmp(name, "unsigned", 8) ? SIGNED : UNSIGNED;
}

/* So many bytes of which nothing is known. */
static LLVMValueRef bytes(uint64_t bits)
{
	uint64_t count = bits / 8 <= UINT32_MAX ? (bits + 7) / 8 : 0;
	LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(builder, 0, count);
	LLVMValueRef type = value_of(LLVMDIBuilderCreateArrayType(builder, 8 * count, 8,
	    metadata_of(basic_type("unsigned char", 8, encoding_of_c("unsigned char"))), &range,
	    1));

	add_node(type);
	return type;
}

static void replace_by_bytes(LLVMValueRef type, const char *name, const char *why)
{
	static bool warned;
	char *text = xasprintf("%s; it is an array of bytes", why);

	if (!*name)
		name = "(unnamed)";

	note("type", name, text);
	if (!list && !warned)
		message(LEVEL_WARN,
		    "type '%s' %s (and perhaps others; --log-level=debug names all)", name, text);
	warned = true;
	free(text);
	replace(type, bytes(size_in_bits(type)));
}

/* The encoding is nowhere but in the text. */
static char *encoding_of(LLVMValueRef basic)
{
	char *text = LLVMPrintValueToString(basic), *place = find_in_node(text, "encoding: ");
	char *encoding = strdup(place ? place + strlen("encoding: ") : "");

	encoding[strcspn(encoding, ",)")] = '\0';
	LLVMDisposeMessage(text);
	return encoding;
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
		note("type", name, "is empty, and a struct without members");
		fit = identifier_for(name);
		LLVMValueRef new = structure(fit, NULL);
		free(fit);
		add_node(new);
		replace(type, new);
	} else if (in_c && !*name) {
		replace(type, basic_type(in_c, size_in_bits(type), encoding_of_c(in_c)));
	} else if (in_c) {
		/* Rust's char is not C's */
		fit = is_name_in_c(name) ? strdup("char32_t") : identifier_for(name);
		note("type", name, xasprintf("is a typedef '%s' of C's '%s'", fit, in_c));
		LLVMValueRef base = basic_type(in_c, size_in_bits(type), encoding_of_c(in_c));
		LLVMValueRef new = value_of(LLVMDIBuilderCreateTypedef(
		    builder, metadata_of(base), fit, strlen(fit), NULL, 0, NULL, 0));
		free(fit);
		add_node(new);
		replace(type, new);
	} else {
		replace_by_bytes(type, name, "has an encoding that BTF does not know");
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
	size_t place;
};

static int by_offset(const void *a, const void *b)
{
	const struct element *left = a, *right = b;

	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return left->place < right->place ? -1 : 1;
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
		note("type", name, "has its members in order of offset");
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
	LLVMValueRef elements = operand(type, ELEMENTS);
	struct values members =
	    is_node(elements) ? operands_of(elements) : (struct values){NULL, 0, 0};
	bool result = false;

	for (size_t i = 0; i < members.count; i++)
		result |= is_derived(members.items[i], TAG_MEMBER) &&
			  LLVMDITypeGetFlags(metadata_of(members.items[i])) & LLVMDIFlagBitField;
	free(members.items);
	return result;
}

static size_t count_elements(LLVMValueRef type)
{
	LLVMValueRef elements = operand(type, ELEMENTS);

	return is_node(elements) ? LLVMGetMDNodeNumOperands(elements) : 0;
}

static void fit_structure(LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	if (count_elements(type) > MOST_MEMBERS)
		replace_by_bytes(type, name, "has more members than BTF can have");
	else if (size_in_bits(type) > largest_struct ||
		 (size_in_bits(type) > largest_with_bit_fields && has_bit_fields(type)))
		replace_by_bytes(type, name, "is larger than BTF can have");
	else
		fit_elements(type, name);
	if (tag_of(type) == TAG_CLASS && !pointers_has(&replaced, type))
		remake(type, "DW_TAG_class_type", "DW_TAG_structure_type");
	fit_name(type, NAME, "type");
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
		set_operand(type, SIZE, LLVMConstInt(LLVMInt64TypeInContext(context), 32, false));

	if (!(LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl) &&
	    (size_in_bits(type) > 64 || count_elements(type) > MOST_MEMBERS)) {
		replace_by_bytes(type, name, "is an enum larger than BTF can have");
	} else if (!(LLVMDITypeGetFlags(metadata_of(type)) & LLVMDIFlagFwdDecl) &&
		   !size_in_bits(type)) {
		note("type", name, "is empty, and a struct without members");
		char *fit = identifier_for(name);
		LLVMValueRef new = structure(fit, NULL);
		free(fit);
		add_node(new);
		replace(type, new);
	}
	fit_name(type, NAME, "type");
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
		note("type", "(array)", "is larger than the kernel takes, and an array of bytes");
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
		replace_by_bytes(type, "", "is of a kind that BTF does not know");
	}
}

/* A base class is a member that has its name. */
static void fit_inheritance(LLVMValueRef type)
{
	LLVMValueRef base = operand(type, BASE);
	char *name = is_node(base) ? text_at(base, NAME) : strdup("");

	set_operand(type, NAME, string(name));
	fit_name(type, NAME, "base");
	remake(type, "DW_TAG_inheritance", "DW_TAG_member");
	free(name);
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
		if (*name)
			note("pointer type", name, "has no name in BTF");
		set_operand(type, NAME, NULL);
		break;
	case TAG_INHERITANCE:
		fit_inheritance(type);
		break;
	case TAG_MEMBER:
		fit_name(type, NAME, "member");
		break;
	case TAG_TYPEDEF:
		if (*name)
			fit_name(type, NAME, "typedef");
		else if (is_type(operand(type, BASE)))
			replace(type, operand(type, BASE));
		break;
	case TAG_CONST:
	case TAG_VOLATILE:
	case TAG_RESTRICT:
	case TAG_ATOMIC:
		break;
	case TAG_POINTER_TO_MEMBER:
		replace_by_bytes(type, name, "points to a member");
		break;
	default:
		/* LLVM's own qualifiers, and aliases: what they stand for */
		if (is_type(operand(type, BASE)))
			replace(type, operand(type, BASE));
	}
	free(name);
}

/* Nesting: the kernel follows a type only so deep. It goes through the members of structs and
 * the elements of arrays, but stops at pointers; and from pointer to pointer, but stops at
 * structs; in both it goes through typedefs and qualifiers. */

struct depth {
	LLVMValueRef type;
	int through_members, through_pointers; /* -1 while not known, -2 while it is being found */
};
static struct {
	struct depth *items;
	size_t count;
} depths; /* of all types, by address */

static int by_type(const void *a, const void *b)
{
	const struct depth *left = a, *right = b;

	return (left->type > right->type) - (left->type < right->type);
}

static struct depth *depth_of(LLVMValueRef type)
{
	struct depth key = {.type = type};

	if (!is_type(type))
		return NULL;
	return bsearch(&key, depths.items, depths.count, sizeof *depths.items, by_type);
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

static int depth_through_members(LLVMValueRef type);

/* The depth below the type that the operand at BASE has; one that is too deep is cut. */
static int fit_base(LLVMValueRef type)
{
	LLVMValueRef base = operand(type, BASE);
	int depth = depth_through_members(base);

	if (depth < DEEPEST_TYPE)
		return depth;
	LLVMValueRef bare = without_qualifiers(base);
	if (is_qualifier(base) && depth_through_members(bare) < DEEPEST_TYPE) {
		set_operand(type, BASE, bare);
		return depth_through_members(bare);
	}
	char *name = text_at(bare, NAME);
	note("type", name,
	    "is nested deeper than the kernel follows; it is an array of bytes there");
	message(list ? LEVEL_DEBUG : LEVEL_WARN,
	    "type '%s' is nested deeper than the kernel follows; it is an array of bytes there",
	    name);
	free(name);
	set_operand(type, BASE, bytes(size_in_bits(bare)));
	return 1;
}

static int depth_of_members(LLVMValueRef type)
{
	LLVMValueRef elements = operand(type, ELEMENTS);
	struct values members =
	    is_node(elements) ? operands_of(elements) : (struct values){NULL, 0, 0};
	int deepest = 0;

	for (size_t i = 0; i < members.count; i++)
		if (is_derived(members.items[i], TAG_MEMBER)) {
			int depth = fit_base(members.items[i]);
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
	if (depth->through_members == -2)
		return DEEPEST_TYPE; /* it contains itself, which no compiler says */
	if (depth->through_members == -1) {
		depth->through_members = -2;
		if (!is_composite)
			depth->through_members = 1 + depth_through_members(operand(type, BASE));
		else if (tag_of(type) == TAG_ARRAY)
			depth->through_members = 1 + fit_base(type);
		else if (tag_of(type) == TAG_STRUCTURE || tag_of(type) == TAG_UNION)
			depth->through_members = 1 + depth_of_members(type);
		else
			depth->through_members = 0;
	}
	return depth->through_members;
}

/* A pointer that is too deep points to nothing in particular. */
static int depth_through_pointers(LLVMValueRef type)
{
	struct depth *depth = depth_of(type);

	if (!depth || (!is_derived(type, TAG_POINTER) && !is_qualifier(type)))
		return 0;
	if (depth->through_pointers == -2)
		return DEEPEST_TYPE;
	if (depth->through_pointers == -1) {
		depth->through_pointers = -2;
		int below = depth_through_pointers(operand(type, BASE));
		if (below >= DEEPEST_TYPE) {
			set_operand(type, BASE,
			    is_qualifier(type) ? without_qualifiers(operand(type, BASE)) : NULL);
			below = 0;
		}
		depth->through_pointers = 1 + below;
	}
	return depth->through_pointers;
}

static void fit_nesting(void)
{
	size_t count = nodes.count;

	depths.items = xcalloc(count + 1, sizeof *depths.items);
	for (size_t i = 0; i < count; i++)
		if (is_type(nodes.items[i]))
			depths.items[depths.count++] = (struct depth){nodes.items[i], -1, -1};
	qsort(depths.items, depths.count, sizeof *depths.items, by_type);
	for (size_t i = 0; i < count; i++)
		depth_through_pointers(nodes.items[i]);
	for (size_t i = 0; i < count; i++)
		depth_through_members(nodes.items[i]);
}

/* Subprograms and variables */

/* A function and its subprogram. */
struct function {
	LLVMValueRef value, subprogram;
};
static struct {
	struct function *items;
	size_t count;
} functions;
static struct pointers attached; /* subprograms of functions */

static struct values units(void)
{
	struct values units = {.count = LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu")};

	units.items = xcalloc(units.count + 1, sizeof *units.items);
	LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", units.items);
	return units;
}

static bool is_local(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;
}

/* The nearest type that C has for one of LLVM's, NULL for void. */
static LLVMMetadataRef type_like(LLVMTypeRef type)
{
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);
	unsigned bits;
	const char *name;

	switch (LLVMGetTypeKind(type)) {
	case LLVMVoidTypeKind:
		return NULL;
	case LLVMPointerTypeKind:
		return LLVMDIBuilderCreatePointerType(builder, NULL, 64, 0, 0, "", 0);
	case LLVMIntegerTypeKind:
		bits = LLVMGetIntTypeWidth(type);
		name = bits == 1    ? "_Bool"
		       : bits <= 8  ? "unsigned char"
		       : bits <= 16 ? "unsigned short"
		       : bits <= 32 ? "unsigned int"
		       : bits <= 64 ? "unsigned long long"
				    : "unsigned __int128";
		bits = LLVMABISizeOfType(layout, type) * 8;
		return metadata_of(basic_type(name, bits > 128 ? 128 : bits, encoding_of_c(name)));
	case LLVMFloatTypeKind:
		return metadata_of(basic_type("float", 32, encoding_of_c("float")));
	case LLVMDoubleTypeKind:
		return metadata_of(basic_type("double", 64, encoding_of_c("double")));
	default:
		return metadata_of(
		    bytes(LLVMTypeIsSized(type) ? LLVMABISizeOfType(layout, type) * 8 : 0));
	}
}

/* A prototype of what LLVM knows of the function. */
static LLVMMetadataRef prototype_of(LLVMValueRef function, LLVMMetadataRef file)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(function);
	unsigned count = LLVMCountParamTypes(type);
	LLVMTypeRef *parameters = xcalloc(count + 1, sizeof *parameters);
	LLVMMetadataRef *types = xcalloc(count + 2, sizeof *types), prototype;

	LLVMGetParamTypes(type, parameters);
	types[0] = type_like(LLVMGetReturnType(type));
	for (unsigned i = 0; i < count; i++)
		types[i + 1] = type_like(parameters[i]);
	prototype =
	    LLVMDIBuilderCreateSubroutineType(builder, file, types, count + 1, LLVMDIFlagZero);
	free(parameters);
	free(types);
	return prototype;
}

static void give_subprogram(LLVMValueRef function, LLVMValueRef unit)
{
	LLVMMetadataRef file = metadata_of(operand(unit, FILE_OF));
	bool is_definition = !LLVMIsDeclaration(function);
	char *name = identifier_for(value_name(function));
	LLVMMetadataRef subprogram = LLVMDIBuilderCreateFunction(builder, file, name, strlen(name),
	    "", 0, file, 0, prototype_of(function, file), is_definition && is_local(function),
	    is_definition, 0, LLVMDIFlagPrototyped, true);

	if (is_definition)
		set_operand(value_of(subprogram), UNIT, unit);
	LLVMSetSubprogram(function, subprogram);
	note("function", value_name(function),
	    "has no debug info, and a prototype of what LLVM knows of it");
	free(name);
}

/* With line tables alone, clang describes no types. */
static bool has_prototype(LLVMValueRef subprogram)
{
	LLVMValueRef type = operand(subprogram, FUNCTION_TYPE);
	LLVMValueRef types = is_node(type) ? operand(type, TYPES) : NULL;

	return is_node(types) && LLVMGetMDNodeNumOperands(types);
}

static void give_prototype(LLVMValueRef function)
{
	LLVMValueRef subprogram = value_of(LLVMGetSubprogram(function));

	if (has_prototype(subprogram))
		return;
	note("function", value_name(function),
	    "has no types, and a prototype of what LLVM knows of it");
	set_operand(subprogram, FUNCTION_TYPE,
	    value_of(prototype_of(function, metadata_of(operand(subprogram, FILE_OF)))));
}

/* A variable of the kernel's of which no more is known than that it is there. */
static void give_type(LLVMValueRef variable, LLVMValueRef unit)
{
	LLVMMetadataRef file = metadata_of(operand(unit, FILE_OF));
	const char *name = value_name(variable);
	LLVMMetadataRef nothing = LLVMDIBuilderCreateQualifiedType(builder, TAG_CONST, NULL);

	LLVMGlobalSetMetadata(variable, LLVMGetMDKindIDInContext(context, "dbg", 3),
	    LLVMDIBuilderCreateGlobalVariableExpression(builder, file, name, strlen(name), "", 0,
		file, 0, nothing, false, LLVMDIBuilderCreateExpression(builder, NULL, 0), NULL, 0));
}

static bool has_debug_info(LLVMValueRef variable)
{
	size_t count;
	unsigned dbg = LLVMGetMDKindIDInContext(context, "dbg", 3);
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found |= LLVMValueMetadataEntriesGetKind(entries, i) == dbg;
	LLVMDisposeValueMetadataEntries(entries);
	return found;
}

/* BTF has a variable's symbol, which may hold dots as well. One that is static may have another. */
static void fit_symbol(LLVMValueRef variable)
{
	char *name = strdup(value_name(variable)), *without_dots = strdup(name), *fit;

	for (char *c = without_dots; *c; c++)
		if (*c == '.')
			*c = '_';
	if (!is_identifier(without_dots) || strlen(name) > LONGEST_NAME) {
		fit = identifier_for(name);
		if (is_local(variable)) {
			note("variable", name,
			    xasprintf("is called '%s', which is a C identifier", fit));
			LLVMSetValueName2(variable, fit, strlen(fit));
		} else {
			note(
			    "variable", name, "is left out of BTF, which takes only C identifiers");
			message(list ? LEVEL_DEBUG : LEVEL_WARN,
			    "variable '%s' is left out of BTF, which takes only C identifiers",
			    name);
			LLVMGlobalEraseMetadata(
			    variable, LLVMGetMDKindIDInContext(context, "dbg", 3));
		}
		free(fit);
	}
	free(without_dots);
	free(name);
}

static bool is_of_kernel(LLVMValueRef global)
{
	return LLVMIsDeclaration(global) && LLVMGetFirstUse(global) &&
	       strncmp(value_name(global), "llvm.", 5) && !is_memory_builtin(value_name(global)) &&
	       !LLVMGetSection(global);
}

/* What nothing defines is the kernel's: Rust has no way to say so. Loaders look for it in
 * .ksyms, and for its type in BTF. */
static void give_debug_info(LLVMValueRef global, void *unit)
{
	bool is_function = LLVMIsAFunction(global);

	if (is_function && LLVMGetSubprogram(global)) {
		give_prototype(global);
		return;
	}
	if (LLVMIsAGlobalVariable(global) && has_debug_info(global))
		fit_symbol(global);
	if (is_function && !LLVMIsDeclaration(global)) {
		give_subprogram(global, unit);
		return;
	}
	if ((!is_function && !LLVMIsAGlobalVariable(global)) || !is_of_kernel(global) ||
	    (!is_function && has_debug_info(global)))
		return;
	note("symbol", value_name(global), "is the kernel's, in .ksyms, since nothing defines it");
	LLVMSetSection(global, ".ksyms");
	if (is_function)
		give_subprogram(global, unit);
	else
		give_type(global, unit);
}

/* A call of a function with debug info, in one with debug info, must have a location. */
static void give_locations(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	LLVMMetadataRef nowhere = NULL;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); subprogram && block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			if ((!LLVMIsACallInst(instruction) && !LLVMIsAInvokeInst(instruction)) ||
			    LLVMInstructionGetDebugLoc(instruction))
				continue;
			if (!nowhere)
				nowhere = LLVMDIBuilderCreateDebugLocation(
				    context, 0, 0, subprogram, NULL);
			LLVMInstructionSetDebugLoc(instruction, nowhere);
		}
}

/* BTF tells global functions, which the kernel verifies on their own, from static ones. */
static void fit_linkage(const struct function *function)
{
	char *text = LLVMPrintValueToString(function->subprogram);
	bool says_local = find_in_node(text, "DISPFlagLocalToUnit");

	if (is_local(function->value) && !says_local) {
		note(
		    "function", value_name(function->value), "is static, since it is not exported");
		remake(function->subprogram, "spFlags: ", "spFlags: DISPFlagLocalToUnit | ");
	} else if (!is_local(function->value) && says_local) {
		note("function", value_name(function->value), "is global, since it is exported");
		remake(function->subprogram, "DISPFlagLocalToUnit | ", "");
	}
	LLVMDisposeMessage(text);
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
		replace_by_bytes(node, "", "is of a kind that BTF does not know");
		break;
	case LLVMDIEnumeratorMetadataKind:
		fit_name(node, ENUMERATOR_NAME, "enumerator");
		break;
	case LLVMDISubprogramMetadataKind:
		fit_name(node, NAME, "function");
		break;
	case LLVMDILocalVariableMetadataKind:
		fit_name(node, VARIABLE_NAME, "variable");
		break;
	default:
		break;
	}
}

/* Dropping what BTF does not need */

static void clear(LLVMValueRef node, const unsigned *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set_operand(node, places[i], NULL);
}

#define CLEAR(node, ...) \
	clear(node, (const unsigned[]){__VA_ARGS__}, \
	    sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* The number of the parameter that the variable is, 0 when it is none. Only the text says it. */
static unsigned parameter_number(LLVMValueRef variable)
{
	if (!is_node(variable) || kind_of_node(variable) != LLVMDILocalVariableMetadataKind)
		return 0;
	char *text = LLVMPrintValueToString(variable), *place = find_in_node(text, "arg: ");
	unsigned number = place ? strtoul(place + strlen("arg: "), NULL, 10) : 0;
	LLVMDisposeMessage(text);
	return number;
}

static void keep_parameters(LLVMValueRef subprogram)
{
	LLVMValueRef old = operand(subprogram, RETAINED);

	if (!is_node(old))
		return;
	struct values retained = operands_of(old), kept = {NULL, 0, 0};
	for (size_t i = 0; i < retained.count; i++)
		if (parameter_number(retained.items[i]))
			add_value(&kept, retained.items[i]);
	if (kept.count < retained.count)
		set_operand(subprogram, RETAINED, tuple(kept));
	free(retained.items);
	free(kept.items);
}

/* Newer LLVMs want a function to have a type, be it empty. */
static void forget_parameters(LLVMValueRef subprogram)
{
	CLEAR(subprogram, RETAINED);
	set_operand(subprogram, FUNCTION_TYPE,
	    value_of(LLVMDIBuilderCreateSubroutineType(builder, NULL, NULL, 0, LLVMDIFlagZero)));
}

/* BTF knows of no scopes; of functions that were inlined everywhere it takes but the lines. */
static void slim(LLVMValueRef node)
{
	switch (kind_of_node(node)) {
	case LLVMDIDerivedTypeMetadataKind:
		/* each change has LLVM look for an equal node; a member's scope is there anyway */
		if (tag_of(node) != TAG_MEMBER)
			CLEAR(node, SCOPE);
		break;
	case LLVMDICompositeTypeMetadataKind:
		CLEAR(node, SCOPE, VTABLE, TYPE_TEMPLATE, IDENTIFIER);
		break;
	case LLVMDISubprogramMetadataKind:
		CLEAR(node, SCOPE, DECLARATION, CONTAINING, FUNCTION_TEMPLATE, THROWN, TARGET_NAME);
		if (pointers_has(&attached, node))
			keep_parameters(node);
		else
			forget_parameters(node);
		break;
	case LLVMDIGlobalVariableMetadataKind:
		CLEAR(node, VARIABLE_SCOPE, STATIC_MEMBER, VARIABLE_TEMPLATE);
		break;
	default:
		break;
	}
}

/* An instruction's location, or a variable's debug info. */
struct attachment {
	LLVMValueRef value;
	LLVMMetadataRef metadata;
};
static struct {
	struct attachment *items;
	size_t count, room;
} attachments;

static void note_attachment(LLVMValueRef value, LLVMMetadataRef metadata)
{
	if (attachments.count == attachments.room) {
		attachments.room = attachments.room ? 2 * attachments.room : 256;
		attachments.items =
		    xrealloc(attachments.items, attachments.room * sizeof *attachments.items);
	}
	attachments.items[attachments.count++] = (struct attachment){value, metadata};
}

static void note_variable(LLVMValueRef variable)
{
	size_t count;
	unsigned dbg = LLVMGetMDKindIDInContext(context, "dbg", 3);
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);

	for (size_t i = 0; i < count; i++)
		if (LLVMValueMetadataEntriesGetKind(entries, i) == dbg)
			note_attachment(variable, LLVMValueMetadataEntriesGetMetadata(entries, i));
	LLVMDisposeValueMetadataEntries(entries);
}

static void note_locations(LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (LLVMInstructionGetDebugLoc(instruction))
				note_attachment(
				    instruction, LLVMInstructionGetDebugLoc(instruction));
}

static void add_metadata(LLVMMetadataRef metadata)
{
	if (metadata)
		add_node(value_of(metadata));
}

/* Every node that is reached from those so far. */
static void reach_operands(void)
{
	static size_t next;

	for (; next < nodes.count; next++) {
		if (!keeps_all())
			slim(nodes.items[next]);
		struct values operands = operands_of(nodes.items[next]);
		for (size_t i = 0; i < operands.count; i++)
			add_node(operands.items[i]);
		free(operands.items);
	}
}

/* Calls visit for the location and the variable of each debug record: one of the two is NULL. */
static void each_debug_record(LLVMValueRef function,
    void (*visit)(LLVMMetadataRef location, LLVMMetadataRef variable, void *data), void *data)
{
#if DECLARES_DEBUG_RECORDS
	if (!libllvm_has_debug_records())
		return;
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			for (LLVMDbgRecordRef record = LLVMGetFirstDbgRecord(instruction); record;
			    record = LLVMGetNextDbgRecord(record)) {
				visit(LLVMDbgRecordGetDebugLoc(record), NULL, data);
				if (LLVMDbgRecordGetKind(record) != LLVMDbgRecordLabel)
					visit(NULL, LLVMDbgVariableRecordGetVariable(record), data);
			}
#else
	(void)function;
	(void)visit;
	(void)data;
#endif
}

static void reach_debug_record(LLVMMetadataRef location, LLVMMetadataRef variable, void *unused)
{
	(void)unused;
	add_metadata(location ? location : variable);
}

/* The variables of a subprogram's parameters, by number; NULL where there is none. */
struct parameters {
	LLVMValueRef subprogram;
	struct values variables;
};

static void note_parameter(struct parameters *parameters, LLVMValueRef variable)
{
	if (!is_node(variable) || operand(variable, VARIABLE_SCOPE) != parameters->subprogram)
		return;
	unsigned number = parameter_number(variable);
	if (number && number <= parameters->variables.count &&
	    !parameters->variables.items[number - 1])
		parameters->variables.items[number - 1] = variable;
}

static bool are_all_known(const struct parameters *parameters)
{
	for (size_t i = 0; i < parameters->variables.count; i++)
		if (!parameters->variables.items[i])
			return false;
	return true;
}

static void note_parameter_of_record(
    LLVMMetadataRef location, LLVMMetadataRef variable, void *parameters)
{
	if (!location)
		note_parameter(parameters, value_of(variable));
}

/* The kernel wants a name for each parameter, and LLVM takes them from the variables that the
 * subprogram retains. Without optimization, clang has them retain none. */
static void fit_parameters(const struct function *function)
{
	LLVMValueRef type = operand(function->subprogram, FUNCTION_TYPE), types, old;
	struct parameters parameters = {function->subprogram, {NULL, 0, 0}};

	types = is_node(type) ? operand(type, TYPES) : NULL;
	if (!is_node(types) || LLVMGetMDNodeNumOperands(types) < 2)
		return;
	struct values given = operands_of(types);
	parameters.variables.count = given.count - 1;
	/* the end of a list of any length has no type */
	if (!given.items[given.count - 1])
		parameters.variables.count--;
	parameters.variables.items = xcalloc(given.count, sizeof *parameters.variables.items);
	old = operand(function->subprogram, RETAINED);
	struct values retained = is_node(old) ? operands_of(old) : (struct values){NULL, 0, 0};
	for (size_t i = 0; i < retained.count; i++)
		note_parameter(&parameters, retained.items[i]);
	if (!are_all_known(&parameters))
		each_debug_record(function->value, note_parameter_of_record, &parameters);
	for (size_t i = 0; i < parameters.variables.count; i++) {
		LLVMValueRef *variable = &parameters.variables.items[i];
		char *name = *variable ? text_at(*variable, VARIABLE_NAME) : strdup("");
		if (!*name) {
			free(name);
			name = xasprintf("arg%zu", i + 1);
		}
		if (*variable)
			set_operand(*variable, VARIABLE_NAME, string(name));
		else
			*variable = value_of(LLVMDIBuilderCreateParameterVariable(builder,
			    metadata_of(function->subprogram), name, strlen(name), i + 1,
			    metadata_of(operand(function->subprogram, FILE_OF)), 0,
			    metadata_of(given.items[i + 1]), false, LLVMDIFlagZero));
		add_node(*variable);
		free(name);
	}
	/* others that were retained stay so */
	for (size_t i = 0; i < retained.count; i++)
		if (!parameter_number(retained.items[i]))
			add_value(&parameters.variables, retained.items[i]);
	set_operand(function->subprogram, RETAINED, tuple(parameters.variables));
	add_node(operand(function->subprogram, RETAINED));
	free(retained.items);
	free(parameters.variables.items);
	free(given.items);
}

/* Notes what BTF needs, so that all can be dropped and this be put back. */
static void note_what_is_needed(void)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
		if (!subprogram)
			continue;
		functions.items =
		    xrealloc(functions.items, (functions.count + 1) * sizeof *functions.items);
		functions.items[functions.count++] =
		    (struct function){function, value_of(subprogram)};
		pointers_add(&attached, value_of(subprogram));
		note_locations(function);
	}
	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable))
		note_variable(variable);
}

/* Attachments of other kinds that have types: of CO-RE relocations. */
static void reach_relocations(LLVMValueRef function)
{
	static const char *const names[] = {"llvm.preserve.access.index", "btf_type"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned kind = LLVMGetMDKindIDInContext(context, names[i], strlen(names[i]));
		for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
		    block = LLVMGetNextBasicBlock(block))
			for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
			    instruction = LLVMGetNextInstruction(instruction))
				if (LLVMIsACallInst(instruction))
					add_node(LLVMGetMetadata(instruction, kind));
	}
}

static void reach_all(const struct values *units)
{
	for (size_t i = 0; i < units->count; i++)
		if (keeps_all())
			add_node(units->items[i]);
	for (size_t i = 0; i < functions.count; i++) {
		add_node(functions.items[i].subprogram);
		reach_relocations(functions.items[i].value);
		if (keeps_all())
			each_debug_record(functions.items[i].value, reach_debug_record, NULL);
	}
	for (size_t i = 0; i < attachments.count; i++)
		add_metadata(attachments.items[i].metadata);
	reach_operands();
}

/* LLVM makes BTF of a unit that has directives alone, and of one that has it in full. It makes
 * none of one without, and crashes where one has line tables alone, and functions that retain
 * variables. */
static void fit_unit(LLVMValueRef unit)
{
	static const char directives[] = "emissionKind: DebugDirectivesOnly";
	static const struct edit edits[] = {
	    {"emissionKind: LineTablesOnly", directives},
	    {"emissionKind: NoDebug", directives},
	    {"nameTableKind: GNU", "nameTableKind: None"},
	    {"emissionKind: FullDebug", directives},
	};
	char *text = LLVMPrintValueToString(unit);
	bool is_full = find_in_node(text, "emissionKind: FullDebug");

	LLVMDisposeMessage(text);
	if (!keeps_all())
		CLEAR(unit, SPLIT_NAME, ENUMERATIONS, RETAINED_TYPES, GLOBALS, IMPORTED, MACROS);
	if (!keeps_all() || !is_full)
		remake_with(unit, edits, sizeof edits / sizeof *edits);
}

static void put_back_attachments(void)
{
	unsigned dbg = LLVMGetMDKindIDInContext(context, "dbg", 3);

	for (size_t i = 0; i < attachments.count; i++) {
		struct attachment *attachment = &attachments.items[i];
		if (LLVMIsAInstruction(attachment->value))
			LLVMInstructionSetDebugLoc(attachment->value, attachment->metadata);
		else
			LLVMGlobalSetMetadata(attachment->value, dbg, attachment->metadata);
	}
}

/* Those that were made anew, and the others where all were dropped. */
static void put_back_units(const struct values *units)
{
	for (size_t i = 0; i < units->count; i++)
		if (!keeps_records() || current(units->items[i]) != units->items[i])
			LLVMAddNamedMetadataOperand(
			    module, "llvm.dbg.cu", current(units->items[i]));
}

static void fit_for_btf(void)
{
	struct values all_units = units();

	if (!all_units.count) {
		message(LEVEL_WARN, "no input has debug info, of which BTF is made; "
				    "compile with clang -g or rustc -C debuginfo=2");
		return;
	}
	builder = LLVMCreateDIBuilder(module);
	module_each_global(module, give_debug_info, all_units.items[0]);
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		give_locations(function);
	note_what_is_needed();
	reach_all(&all_units);
	for (size_t i = 0; i < functions.count; i++)
		if (!LLVMIsDeclaration(functions.items[i].value))
			fit_parameters(&functions.items[i]);
	reach_operands();
	for (size_t i = 0; i < nodes.count; i++)
		fit_node(nodes.items[i]);
	for (size_t i = 0; i < functions.count; i++)
		if (!LLVMIsDeclaration(functions.items[i].value))
			fit_linkage(&functions.items[i]);
	for (size_t i = 0; i < all_units.count; i++)
		fit_unit(all_units.items[i]);
	parse_remade();
	put_replacements_in_place();
	fit_nesting();
	if (!keeps_records()) {
		LLVMStripModuleDebugInfo(module);
		put_back_attachments();
	}
	put_back_units(&all_units);
	for (size_t i = 0; i < functions.count; i++)
		LLVMSetSubprogram(
		    functions.items[i].value, metadata_of(current(functions.items[i].subprogram)));
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	output = output_open(output_path, !list);

	if (btf == strip)
		fail_usage("one of --btf and --strip is needed");
	module_is_verified = getenv("BPF_LINKER_PIPELINE");
	context = module_context();
	module = module_parse(context, input_read(operands.count ? operands.items[0].text : NULL));
	if (strip)
		LLVMStripModuleDebugInfo(module);
	else
		fit_for_btf();
	if (!list)
		module_finish(module, output);
	output_commit(output);
	tool_finish();
}
