#include "unify.h"
#include "btf-types.h"
#include "debug-info.h"
#include "map.h"
#include "memory.h"
#include "node-text.h"
#include "nodes.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

/* Types are told apart by what their nodes say themselves, then by the classes of the nodes that
 * they refer to, again and again, until there are no more classes: types that are not told apart
 * then are equal, those that lead to themselves, too. More rounds than this take a chain of so many
 * types, equal to another one but for its end. */
enum { MOST_ROUNDS = 250 };

struct vertex {
	LLVMValueRef node;
	uint64_t class;
	uint64_t said;       /* a hash of what the node says itself */
	uint64_t name;       /* a hash of that of a struct or the like; 0 where it has none */
	size_t first, end;   /* what it refers to, indexes into edges */
	bool is_declaration; /* of a struct or the like */
	bool is_only_named;  /* in BTF: it has lost its members, or keeps them for DWARF alone */
	size_t stands_for;   /* for a declaration, the index of a definition; else its own */
};
static bool keeps_members; /* what BTF only names does */
static bool has_languages; /* more than one */
static struct {
	ARRAY(struct vertex);
} vertices;
static struct {
	ARRAY(size_t);
} edges;
static struct map places; /* of nodes: index into vertices plus one */

/* The finalizer of splitmix64: Steele, Lea and Flood, Fast Splittable Pseudorandom Number
 * Generators, 2014. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) + 0x9e3779b97f4a7c15;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

/* Others that types refer to are one node where they are equal. */
static bool is_vertex(LLVMValueRef node)
{
	switch (kind_of_node(node)) {
	case LLVMDIDerivedTypeMetadataKind:
	case LLVMDICompositeTypeMetadataKind:
	case LLVMDISubroutineTypeMetadataKind:
	case LLVMMDTupleMetadataKind:
		return true;
	default:
		return false;
	}
}

static bool is_composite(LLVMValueRef node)
{
	return kind_of_node(node) == LLVMDICompositeTypeMetadataKind;
}

/* What BTF, too, tells of a type: access and how C++ passes it are DWARF's, and so is alignment. */
enum {
	FLAGS = ~(LLVMDIFlagPublic | LLVMDIFlagTypePassByValue | LLVMDIFlagTypePassByReference |
		  LLVMDIFlagNonTrivial | LLVMDIFlagEnumClass)
};

/* What is no operand. */
static uint64_t hash_of_fields(LLVMValueRef node)
{
	LLVMMetadataRef type = metadata_of(node);
	uint64_t hash = mix(0, kind_of_node(node));

	if (kind_of_node(node) == LLVMDISubroutineTypeMetadataKind && !list_at(node, TYPES).count) {
		/* a list of nothing but null, which LLVM-C shows as one of nothing */
		char *list = node_field(node, "types");
		hash = mix(hash, list ? hash_string(list) : 0);
		free(list);
	}
	if (!is_type(node))
		return hash;
	hash = mix(hash, tag_of(node));
	hash = mix(hash, LLVMDITypeGetSizeInBits(type));
	hash = mix(hash, LLVMDITypeGetOffsetInBits(type));
	hash = mix(hash, LLVMDITypeGetFlags(type) & FLAGS);
	if (is_derived(node, TAG_POINTER)) {
		char *space = node_field(node, "dwarfAddressSpace");
		hash = mix(hash, space ? hash_string(space) : 0);
		free(space);
	}
	return hash;
}

/* Where it is declared makes a type no other one, unless that is in a namespace or a function. A
 * member is in the struct that has it. */
static bool is_place(LLVMValueRef type, unsigned index, LLVMValueRef value)
{
	if (!is_type(type) || index > SCOPE)
		return false;
	if (index == FILE_OF || !is_node(value) || is_derived(type, TAG_MEMBER))
		return true;
	LLVMMetadataKind kind = kind_of_node(value);
	return kind == LLVMDIFileMetadataKind || kind == LLVMDICompileUnitMetadataKind;
}

/* Of what may be declared in one file, and defined in another: the name, and as what. */
static uint64_t hash_of_name(LLVMValueRef node)
{
	LLVMValueRef name = is_composite(node) ? operand(node, NAME) : NULL;
	LLVMValueRef scope = name ? operand(node, SCOPE) : NULL;
	uint64_t kind = is_record(node) ? 1 + (tag_of(node) == TAG_UNION) : 3;

	if (!name || (kind == 3 && tag_of(node) != TAG_ENUMERATION))
		return 0;
	uint64_t hash = mix((uintptr_t)name, kind);
	return is_place(node, SCOPE, scope) ? hash : mix(hash, (uintptr_t)scope);
}

/* `int x[]` and `int x[0]` are the same to BTF. */
static uint64_t hash_of_range(LLVMValueRef range)
{
	char *count = node_field(range, "count");
	bool is_none = count && (!strcmp(count, "-1") || !strcmp(count, "0"));

	free(count);
	return is_none ? 1 : (uintptr_t)range;
}

/* C's are signed, C++'s are not, where their type is not. */
static uint64_t hash_of_enumerator(LLVMValueRef enumerator)
{
	char *value = node_field(enumerator, "value");
	uint64_t hash =
	    mix((uintptr_t)operand(enumerator, ENUMERATOR_NAME), value ? hash_string(value) : 0);

	free(value);
	return hash;
}

/* Of what is no vertex, mostly the same only where it is the same in memory. */
static uint64_t hash_of_other(LLVMValueRef value)
{
	static struct map hashes;
	LLVMMetadataKind kind = is_node(value) ? kind_of_node(value) : LLVMMDStringMetadataKind;
	bool is_range = kind == LLVMDISubrangeMetadataKind;

	if (!is_range && !(has_languages && kind == LLVMDIEnumeratorMetadataKind))
		return (uintptr_t)value;
	void **hash = map_insert(&hashes, value);
	if (!*hash)
		*hash = (void *)(uintptr_t)(is_range ? hash_of_range(value)
						     : hash_of_enumerator(value));
	return (uintptr_t)*hash;
}

static void add_vertex(LLVMValueRef node, bool is_only_named)
{
	size_t own = vertices.count;
	struct vertex vertex = {.node = node, .stands_for = own, .is_only_named = is_only_named};

	vertex.said = hash_of_fields(node);
	vertex.name = hash_of_name(node);
	vertex.is_declaration = vertex.name && is_forward_declaration(node);
	array_add(&vertices, vertex);
	*map_insert(&places, node) = (void *)(own + 1);
}

/* What it refers to: vertices, and what is the same only where it is the same in memory. */
static void add_edges(struct vertex *vertex)
{
	struct values operands = operands_of(vertex->node);

	vertex->first = edges.count;
	for (size_t i = 0; i < operands.count; i++) {
		LLVMValueRef value = operands.items[i];
		size_t place = value ? (size_t)map_get(&places, value) : 0;
		if (is_place(vertex->node, i, value) ||
		    (i == IDENTIFIER && is_composite(vertex->node)))
			continue;
		vertex->said = mix(mix(vertex->said, i), place ? 1 : hash_of_other(value));
		if (place)
			array_add(&edges, place - 1);
	}
	vertex->end = edges.count;
	free(operands.items);
}

static void find_vertices(size_t count)
{
	struct map slimmed = {0};

	for (size_t i = 0; i < count; i++)
		if (is_composite(nodes.items[i]) && btf_only_names(nodes.items[i]))
			map_add(&slimmed, current(nodes.items[i]));
	for (size_t i = 0; i < nodes.count; i++)
		if (is_vertex(nodes.items[i]) && !is_replaced(nodes.items[i]))
			add_vertex(nodes.items[i], map_has(&slimmed, nodes.items[i]));
	for (size_t i = 0; i < vertices.count; i++) {
		add_edges(&vertices.items[i]);
		vertices.items[i].is_only_named &=
		    vertices.items[i].name && !vertices.items[i].is_declaration;
	}
	map_clear(&slimmed);
}

/* Classes */

static uint64_t class_of_operand(size_t index, bool by_name)
{
	const struct vertex *vertex = &vertices.items[index];
	bool is_only_named = keeps_members && vertex->is_only_named;

	return (by_name || is_only_named) && vertex->name
		   ? vertex->name
		   : vertices.items[vertex->stands_for].class;
}

static size_t count_classes(void)
{
	static struct map classes;

	map_clear(&classes);
	for (size_t i = 0; i < vertices.count; i++)
		map_add(&classes, (const void *)(uintptr_t)vertices.items[i].class);
	return classes.count;
}

static void tell_further_apart(uint64_t *next, bool by_name)
{
	for (size_t i = 0; i < vertices.count; i++) {
		const struct vertex *vertex = &vertices.items[i];
		next[i] = vertex->class;
		for (size_t j = vertex->first; j < vertex->end; j++)
			next[i] = mix(next[i], class_of_operand(edges.items[j], by_name));
	}
	for (size_t i = 0; i < vertices.count; i++)
		vertices.items[i].class = next[i];
}

/* Gives the vertices classes; by_name, structs that have a name are looked at no further than
 * that where another type refers to them. Returns whether the classes are the final ones. */
static bool classify(bool by_name)
{
	uint64_t *next = xcalloc(vertices.count + 1, sizeof *next);
	size_t count, before = 0;
	int rounds = 0;

	for (size_t i = 0; i < vertices.count; i++)
		vertices.items[i].class = vertices.items[i].said;
	while (count = count_classes(), count != before && rounds++ < MOST_ROUNDS) {
		before = count;
		tell_further_apart(next, by_name);
	}
	free(next);
	return count == before;
}

/* Declarations */

/* By name: the index of a definition plus one, or 0 where there are different ones. */
static void find_definitions(struct map *definitions)
{
	for (size_t i = 0; i < vertices.count; i++) {
		const struct vertex *vertex = &vertices.items[i];
		const void *key = (const void *)(uintptr_t)vertex->name;
		if (!vertex->name || vertex->is_declaration || vertex->is_only_named)
			continue;
		bool is_first = map_add(definitions, key);
		void **place = map_find(definitions, key);
		if (is_first)
			*place = (void *)(i + 1);
		else if (*place && vertices.items[(size_t)*place - 1].class != vertex->class)
			*place = NULL;
	}
}

static bool may_stand_for(const struct vertex *vertex, const struct vertex *definition)
{
	return vertex->is_declaration ||
	       (!keeps_members && size_in_bits(vertex->node) == size_in_bits(definition->node));
}

/* Without a definition to stand for, all of a name are one: BTF has no more of them than that. */
static void resolve_declarations(void)
{
	struct map definitions = {0};

	find_definitions(&definitions);
	for (size_t i = 0; i < vertices.count; i++) {
		struct vertex *vertex = &vertices.items[i];
		if (!vertex->is_declaration && !vertex->is_only_named)
			continue;
		size_t place = (size_t)map_get(&definitions, (const void *)(uintptr_t)vertex->name);
		const struct vertex *definition = place ? &vertices.items[place - 1] : NULL;
		if (definition && definition->class == vertex->class) {
			vertex->is_only_named = false;
		} else if (definition && may_stand_for(vertex, definition)) {
			vertex->stands_for = place - 1;
		} else if (vertex->is_declaration || !keeps_members) {
			vertex->said = vertex->name;
			vertex->end = vertex->first;
		}
	}
	map_clear(&definitions);
}

/* Putting in place */

static void unify_vertices(void)
{
	struct map first = {0};

	for (size_t i = 0; i < vertices.count; i++) {
		const struct vertex *vertex = &vertices.items[i];
		const void *key = (const void *)(uintptr_t)vertex->class;
		if (vertex->stands_for == i && map_add(&first, key))
			*map_find(&first, key) = vertex->node;
	}
	for (size_t i = 0; i < vertices.count; i++) {
		const struct vertex *vertex = &vertices.items[vertices.items[i].stands_for];
		LLVMValueRef node = vertices.items[i].node,
			     one = map_get(&first, (const void *)(uintptr_t)vertex->class);
		if (one != node)
			replace(node, one);
	}
	map_clear(&first);
}

/* The operands, as they are to be, for the caller to free; NULL where that is as they are. */
static LLVMValueRef *new_operands(LLVMValueRef node)
{
	struct values operands = operands_of(node);
	bool changed = false;

	for (size_t i = 0; i < operands.count; i++) {
		LLVMValueRef old = operands.items[i];
		operands.items[i] = current(old);
		changed |= operands.items[i] != old;
	}
	if (!changed) {
		free(operands.items);
		return NULL;
	}
	return operands.items;
}

static void renew_list(LLVMValueRef node)
{
	LLVMValueRef *operands = new_operands(node);

	if (!operands)
		return;
	LLVMValueRef new = tuple((struct values){operands, LLVMGetMDNodeNumOperands(node), 0});
	free(operands);
	/* one that this one stands for is there in bitcode, too: this one becomes distinct */
	if (!is_replaced(new) && new != node) {
		replace(node, new);
		add_node(new);
	}
}

/* A node that becomes equal to another one is distinct from then on; the other one may be left in
 * memory by a stage before, and in no bitcode. With the unit for a scope it is like none, and where
 * it was. */
static void keep_from_others(LLVMValueRef type, LLVMValueRef unit)
{
	LLVMValueRef scope = operand(type, SCOPE);
	LLVMValueRef *operands = new_operands(type);

	if (operands && !is_record(type) && !is_derived(type, TAG_MEMBER) &&
	    (!scope || is_place(type, SCOPE, scope)))
		set_operand(type, SCOPE, unit);
	free(operands);
}

static void prepare_changes(LLVMValueRef unit)
{
	for (size_t i = 0; i < vertices.count; i++)
		if (!is_replaced(vertices.items[i].node) && !is_type(vertices.items[i].node))
			renew_list(vertices.items[i].node);
	for (size_t i = 0; i < vertices.count; i++)
		if (!is_replaced(vertices.items[i].node) && is_type(vertices.items[i].node))
			keep_from_others(vertices.items[i].node, unit);
}

static void drop_replaced_nodes(void)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes.count; i++)
		if (!is_replaced(nodes.items[i]))
			nodes.items[count++] = nodes.items[i];
	nodes.count = count;
}

static unsigned metadata_kind(const char *name)
{
	return LLVMGetMDKindIDInContext(metadata_context, name, strlen(name));
}

static void unify_relocation_of_variable(LLVMValueRef variable)
{
	size_t count;
	unsigned access = metadata_kind("llvm.preserve.access.index");
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(variable, &count);

	for (size_t i = 0; i < count; i++) {
		LLVMValueRef type = value_of(LLVMValueMetadataEntriesGetMetadata(entries, i));
		if (LLVMValueMetadataEntriesGetKind(entries, i) == access &&
		    map_has(&places, type) && is_replaced(type))
			LLVMGlobalSetMetadata(variable, access, metadata_of(current(type)));
	}
	LLVMDisposeValueMetadataEntries(entries);
}

static void unify_relocations_of_function(LLVMValueRef function, const unsigned kinds[2])
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			for (int i = 0; LLVMIsACallInst(instruction) && i < 2; i++) {
				LLVMValueRef type = LLVMGetMetadata(instruction, kinds[i]);
				if (type && map_has(&places, type) && is_replaced(type))
					LLVMSetMetadata(instruction, kinds[i], current(type));
			}
}

static void unify_relocations(void)
{
	const unsigned kinds[] = {
	    metadata_kind("llvm.preserve.access.index"), metadata_kind("btf_type")};

	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable))
		unify_relocation_of_variable(variable);
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		unify_relocations_of_function(function, kinds);
}

static char *language_of(LLVMValueRef unit)
{
	char *language = node_field(unit, "language");

	if (!language)
		language = node_field(unit, "sourceLanguageName");
	return language ? language : xstrdup("");
}

/* Rust's are one node by their identifiers. */
static bool have_equal_types(const struct values *units)
{
	char *first = NULL;
	size_t count = 0;

	for (size_t i = 0; units->count > 1 && i < units->count; i++) {
		char *language = language_of(units->items[i]);
		count += !strstr(language, "Rust");
		if (!first)
			first = xstrdup(language);
		has_languages |= strcmp(first, language) != 0;
		free(language);
	}
	free(first);
	return count > 1;
}

void unify_types(const struct values *units, size_t count, bool keeps_all)
{
	if (!have_equal_types(units))
		return;
	keeps_members = keeps_all;
	find_vertices(count);
	if (!classify(true))
		return;
	resolve_declarations();
	if (!classify(false))
		return;
	unify_vertices();
	prepare_changes(current(units->items[0]));
	drop_replaced_nodes();
	put_replacements_in_place();
	unify_relocations();
}
