/* Nodes of debug info: their kinds, and their operands. LLVM-C shows both as values, of which LLVM
 * has one for each node. */
#ifndef METADATA_H
#define METADATA_H

#include "array.h"
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Indexes of a node's operands. lib/IR/DebugInfoMetadata.cpp of LLVM 21 and later; metadata-check.c
 * checks them. */
enum { FILE_OF = 0, SCOPE = 1, NAME = 2 }; /* of types and subprograms */
enum { SIZE = 3, BASE = 5 };
enum { ELEMENTS = 6, VTABLE = 7, TYPE_TEMPLATE = 8, IDENTIFIER = 9, DISCRIMINATOR = 10 };
enum { DERIVED_ANNOTATIONS = 7 };
enum { FUNCTION_TYPE = 4, UNIT = 5, DECLARATION = 6, RETAINED = 7, CONTAINING = 8 };
enum { FUNCTION_TEMPLATE = 9, THROWN = 10, FUNCTION_ANNOTATIONS = 11, TARGET_NAME = 12 };
enum { SPLIT_NAME = 3, ENUMERATIONS, RETAINED_TYPES, GLOBALS, IMPORTED, MACROS }; /* of units */
enum { VARIABLE_SCOPE = 0, VARIABLE_NAME = 1, FILE_OF_VARIABLE = 2, VARIABLE_TYPE = 3 };
enum { STATIC_MEMBER = 6, VARIABLE_TEMPLATE = 7 }; /* of global variables */
enum { ENUMERATOR_NAME = 0 };
enum { VARIABLE_ANNOTATIONS = 8, LOCAL_ANNOTATIONS = 4 }; /* of global and local variables */
enum { TAG_NAME = 0, TAG_TEXT = 1 };                      /* of an annotation */
enum { COUNT = 0 };                                       /* of a subrange */
enum { TYPES = 5 };                                       /* of a subroutine type */
enum { ARGUMENT_TYPE = 1 };                               /* of a template's parameter */
enum { VARIABLE_OF_EXPRESSION = 0 };

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

/* The context of all nodes; to be set first. */
extern LLVMContextRef metadata_context;

struct values {
	ARRAY(LLVMValueRef);
};

void add_value(struct values *values, LLVMValueRef value);

/* NULL becomes NULL. */
LLVMValueRef value_of(LLVMMetadataRef metadata);
LLVMMetadataRef metadata_of(LLVMValueRef value);

/* Whether the value is one, and not a string or NULL. */
bool is_node(LLVMValueRef value);

LLVMMetadataKind kind_of_node(LLVMValueRef node);

/* Of nodes that have one: types and the like. */
enum tag tag_of(LLVMValueRef node);

/* The operands, for the caller to free; NULL for those that are missing. */
struct values operands_of(LLVMValueRef node);

/* The operand at the index; NULL where it is missing. */
LLVMValueRef operand(LLVMValueRef node, unsigned index);

/* The operands of the node that the operand at the index is; none where it is missing. For the
 * caller to free. */
struct values list_at(LLVMValueRef node, unsigned index);

/* Does nothing where the node has fewer operands. */
void set_operand(LLVMValueRef node, unsigned index, LLVMValueRef value);

/* CLEAR(node, INDEX...): has these operands missing. */
void clear_operands(LLVMValueRef node, const unsigned *indexes, size_t count);
#define CLEAR(node, ...) \
	clear_operands(node, (const unsigned[]){__VA_ARGS__}, \
	    sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

LLVMValueRef string(const char *text);
LLVMValueRef tuple(struct values values);

/* The string operand at the index, "" where it is missing. For the caller to free. */
char *text_at(LLVMValueRef node, unsigned index);

bool is_type(LLVMValueRef value);
bool is_derived(LLVMValueRef value, enum tag tag);
/* A struct, class or union. */
bool is_record(LLVMValueRef value);
/* A type that is declared, and defined elsewhere. */
bool is_forward_declaration(LLVMValueRef type);
uint64_t size_in_bits(LLVMValueRef type);

/* Of a type's list: members, ranges, enumerators. */
size_t count_elements(LLVMValueRef type);

/* The debug info of the global variable, of metadata_context; NULL where there is none. */
LLVMValueRef variable_node(LLVMValueRef variable);

/* The number of the parameter that the variable is, 0 when it is none. */
unsigned parameter_number(LLVMValueRef variable);

#endif
