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
	uint64_t said;         /* a hash of what the node says itself */
	uint64_t name;         /* a hash of a struct's or union's; 0 where it has none */
	size_t first, end;     /* what it refers to, indexes into edges */
	bool is_declaration;   /* of a struct or union */
	bool has_lost_members; /* which BTF only names */
	size_t stands_for;     /* for a declaration, the index of a definition; else its own */
};
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

static bool is_structure(LLVMValueRef node)
{
	if (kind_of_node(node) != LLVMDICompositeTypeMetadataKind)
		return false;
	enum tag tag = tag_of(node);
	return tag == TAG_STRUCTURE || tag == TAG_UNION || tag == TAG_CLASS;
}

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
	hash = mix(hash, LLVMDITypeGetAlignInBits(type));
	hash = mix(hash, LLVMDITypeGetFlags(type));
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

static void add_vertex(LLVMValueRef node, bool has_lost_members)
{
	size_t own = vertices.count;
	struct vertex vertex = {
	    .node = node, .stands_for = own, .has_lost_members = has_lost_members};

	vertex.said = hash_of_fields(node);
	if (is_structure(node)) {
		LLVMValueRef name = operand(node, NAME);
		vertex.name = name ? mix((uintptr_t)name, tag_of(node) == TAG_UNION) : 0;
		vertex.is_declaration = LLVMDITypeGetFlags(metadata_of(node)) & LLVMDIFlagFwdDecl;
	}
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
		if (is_place(vertex->node, i, value))
			continue;
		vertex->said = mix(mix(vertex->said, i), place ? 1 : (uintptr_t)value);
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
		if (kind_of_node(nodes.items[i]) == LLVMDICompositeTypeMetadataKind &&
		    btf_only_names(nodes.items[i]))
			map_add(&slimmed, current(nodes.items[i]));
	for (size_t i = 0; i < nodes.count; i++)
		if (is_vertex(nodes.items[i]) && !is_replaced(nodes.items[i]))
			add_vertex(nodes.items[i], map_has(&slimmed, nodes.items[i]));
	for (size_t i = 0; i < vertices.count; i++) {
		add_edges(&vertices.items[i]);
		vertices.items[i].has_lost_members &=
		    vertices.items[i].name && !vertices.items[i].is_declaration;
	}
	map_clear(&slimmed);
}

/* Classes */

static uint64_t class_of_operand(size_t index, bool by_name)
{
	const struct vertex *vertex = &vertices.items[index];

	return by_name && vertex->name ? vertex->name : vertices.items[vertex->stands_for].class;
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
		if (!vertex->name || vertex->is_declaration || vertex->has_lost_members)
			continue;
		bool is_first = map_add(definitions, key);
		void **place = map_find(definitions, key);
		if (is_first)
			*place = (void *)(i + 1);
		else if (*place && vertices.items[(size_t)*place - 1].class != vertex->class)
			*place = NULL;
	}
}

/* LLVM leads a pointer to what BTF only names to a definition of that name. Without one to stand
 * for, what has lost members is like no other. */
static void resolve_declarations(void)
{
	struct map definitions = {0};

	find_definitions(&definitions);
	for (size_t i = 0; i < vertices.count; i++) {
		struct vertex *vertex = &vertices.items[i];
		if (!vertex->is_declaration && !vertex->has_lost_members)
			continue;
		size_t place = (size_t)map_get(&definitions, (const void *)(uintptr_t)vertex->name);
		if (place &&
		    (vertex->is_declaration ||
			size_in_bits(vertex->node) == size_in_bits(vertices.items[place - 1].node)))
			vertex->stands_for = place - 1;
		else if (vertex->has_lost_members)
			vertex->said = mix(vertex->said, i + 1);
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

	if (operands && !is_structure(type) && !is_derived(type, TAG_MEMBER) &&
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

static bool is_of_rust(LLVMValueRef unit)
{
	char *language = node_field(unit, "language");

	if (!language)
		language = node_field(unit, "sourceLanguageName");
	bool result = language && strstr(language, "Rust");
	free(language);
	return result;
}

/* Rust's are one node by their identifiers. */
static bool have_equal_types(const struct values *units)
{
	size_t count = 0;

	for (size_t i = 0; units->count > 1 && i < units->count && count < 2; i++)
		count += !is_of_rust(units->items[i]);
	return count > 1;
}

void unify_types(const struct values *units, size_t count)
{
	if (!have_equal_types(units))
		return;
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
