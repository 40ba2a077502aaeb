/* bpf-core: calls by which languages without clang's builtins ask for CO-RE relocations become the
 * intrinsics that clang makes of its builtins.
 *
 * All calls are looked at first, so that an error is said of each; then types of one name are told
 * apart, and the calls replaced. It stands before bpf-debuginfo, which drops what names the types.
 */
#include "carrier.h"
#include "core-marker.h"
#include "externs.h"
#include "flavors.h"
#include "lower.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "metadata-check.h"
#include "metadata.h"
#include "module.h"
#include "options.h"
#include "origin.h"
#include "path.h"
#include "printable.h"
#include "types.h"
#include <ctype.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

static bool list;

static const struct option_spec own_options[] = {
    {"list", 0, OPTION_FLAG, &list, NULL,
	"instead of the module, write which call becomes which relocation"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-core",
    .operands = "[FILE]",
    .purpose = "Makes CO-RE relocations of the calls in an LLVM module that ask for them.",
    .tables = (const struct option_spec *const[]){own_options, NULL},
    .most_operands = 1,
    .check = metadata_check_for_version,
};

/* A call, and what is to become of it. */
struct query {
	struct marker *marker;
	LLVMValueRef call, carrier, type;
	struct access access; /* OF_FIELD */
	char *enumerator;     /* OF_ENUMERATOR */
	int64_t value;
};

static struct {
	ARRAY(struct marker);
} markers;
static struct {
	ARRAY(struct query);
} queries;
static LLVMDIBuilderRef builder;
static struct output *output;

/* Reading */

static bool is_name(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return !*text;
}

/* The kernel's types have names of C. */
static bool check_name(struct marker *marker, LLVMValueRef type)
{
	char *name = text_at(type, NAME);
	bool good = is_name(name);

	if (!good && *name)
		marker_refuse(marker, "'%s' is no name of a type of C, as the kernel's are", name);
	else if (!good)
		marker_refuse(marker, "the type has no name to look for in the kernel");
	free(name);
	return good;
}

static bool check_field(struct query *query)
{
	LLVMValueRef type = resolved(query->access.type);
	const struct marker *marker = query->marker;
	unsigned flag = marker->kind->flag;
	bool has_sign =
	    type && (is_basic(type) || (is_enumeration(type) && is_basic(operand(type, BASE))));

	if (flag == FIELD_SIGNED && !has_sign)
		marker_refuse(query->marker, "field_signed is of an integer, which '%s' is not",
		    marker->path);
	else if ((flag == FIELD_LSHIFT_U64 || flag == FIELD_RSHIFT_U64) &&
		 (!query->access.bits || query->access.bits > 64))
		marker_refuse(query->marker, "%s is of at most 64 bits, and '%s' has %llu",
		    marker->kind->name, marker->path, (unsigned long long)query->access.bits);
	return !marker->is_wrong;
}

static bool check_type(struct marker *marker, LLVMValueRef type)
{
	if (is_structure(type) || is_enumeration(type) || is_derived(type, TAG_TYPEDEF))
		return check_name(marker, type);
	char *description = describe_type(type);
	marker_refuse(marker, "%s is of a struct, union, enum or typedef, and %s is none",
	    marker->kind->name, description);
	free(description);
	return false;
}

static bool read_query(struct query *query)
{
	struct marker *marker = query->marker;

	query->carrier = carrier_of(marker, LLVMGetOperand(query->call, 0));
	query->type = query->carrier ? type_of_carrier(marker, query->carrier) : NULL;
	if (!query->type)
		return false;
	make_unqualified(query->type);
	switch (marker->kind->subject) {
	case OF_FIELD:
		return access_find(marker, builder, query->type, &query->access) &&
		       check_field(query) && check_name(marker, query->access.items[0].type);
	case OF_ENUMERATOR:
		return enumerator_find(marker, query->type, &query->enumerator, &query->value) &&
		       check_name(marker, query->type);
	case OF_EXTERN:
		return extern_check(marker, query->call, query->type);
	default:
		return check_type(marker, query->type);
	}
}

static bool takes_pointers(LLVMValueRef call, unsigned count)
{
	bool result = LLVMGetNumArgOperands(call) == count;

	for (unsigned i = 0; result && i < count; i++)
		result =
		    LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(call, i))) == LLVMPointerTypeKind;
	return result;
}

/* A use that is no call, or not the call that the contract has. */
static bool check_call(struct marker *marker, LLVMValueRef user)
{
	bool is_extern = marker->kind->subject == OF_EXTERN;
	LLVMTypeKind result = LLVMGetTypeKind(LLVMTypeOf(user));
	const char *wrong = NULL;

	if (!LLVMIsACallInst(user) || LLVMGetCalledValue(user) != marker->function)
		wrong = "is to be called, and its address is taken";
	else if (is_extern && (!takes_pointers(user, 2) || result != LLVMPointerTypeKind))
		wrong = "takes the address of a static and a declaration, and returns a pointer";
	else if (!is_extern && !takes_pointers(user, 1))
		wrong = "takes one argument, the address of a static";
	else if (!is_extern && result != LLVMIntegerTypeKind)
		wrong = "returns an integer, u64 as a rule";
	if (wrong)
		marker_refuse(marker, "%s %s", marker->kind->name, wrong);
	return !wrong;
}

static void read_uses(struct marker *marker)
{
	for (LLVMUseRef use = LLVMGetFirstUse(marker->function); use; use = LLVMGetNextUse(use)) {
		struct query query = {.marker = marker, .call = LLVMGetUser(use)};
		if (!marker->is_wrong && check_call(marker, query.call) && read_query(&query))
			array_add(&queries, query);
	}
}

static void read_markers(LLVMModuleRef module)
{
	bool any_wrong = false;

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		if (!is_core_marker(value_name(function)))
			continue;
		array_add(&markers, marker_read(function));
		struct marker *marker = &markers.items[markers.count - 1];
		if (!LLVMIsDeclaration(function))
			marker_refuse(marker, "what asks for a relocation is to be declared only");
	}
	for (size_t i = 0; i < markers.count; i++) {
		read_uses(&markers.items[i]);
		any_wrong |= markers.items[i].is_wrong;
	}
	if (any_wrong)
		fail_silently(1);
}

/* Replacing */

static LLVMValueRef root_of(const struct query *query)
{
	return query->access.count ? query->access.items[0].type : query->type;
}

static bool is_extern(const struct query *query)
{
	return query->marker->kind->subject == OF_EXTERN;
}

static void separate_types(LLVMModuleRef module)
{
	flavors_note_module(module);
	for (size_t i = 0; i < queries.count; i++)
		if (!is_extern(&queries.items[i]))
			make_anonymous(root_of(&queries.items[i]));
	for (size_t i = 0; i < queries.count; i++)
		if (!is_extern(&queries.items[i]))
			flavors_separate(root_of(&queries.items[i]));
}

/* As loaders print it: 0:1:2, and the value of an enumerator. */
static char *access_text(const struct query *query)
{
	char *text = query->enumerator ? xasprintf(" = %lld", (long long)query->value)
				       : xstrdup(query->access.count ? " (0" : "");

	for (size_t i = 0; i < query->access.count; i++) {
		char *more = xasprintf("%s:%u%s", text, query->access.items[i].index,
		    i + 1 < query->access.count ? "" : ")");
		free(text);
		text = more;
	}
	return text;
}

static void say(const struct query *query)
{
	LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(query->call));
	const struct marker *marker = query->marker;
	char *type = describe_type(root_of(query)), *access = access_text(query);
	char *line = xasprintf("%s%s%s of %s%s%s%s, in '%s'", marker->place,
	    *marker->place ? ": " : "", marker->kind->name, type, *marker->path ? ", " : "",
	    marker->path, access, value_name(function));

	line[printable(line, strlen(line), "")] = '\0';
	if (list)
		output_write(output, line, strlen(line)), output_write(output, "\n", 1);
	else
		message(LEVEL_DEBUG, "%s", line);
	free(line);
	free(access);
	free(type);
}

static void replace(const struct query *query)
{
	LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(query->call));

	origin_set_changed(function); /* LLVM's passes are to see to it */
	switch (query->marker->kind->subject) {
	case OF_FIELD:
		lower_field(query->call, query->marker, &query->access);
		break;
	case OF_ENUMERATOR:
		lower_enumerator(
		    query->call, query->marker, query->type, query->enumerator, query->value);
		break;
	case OF_EXTERN:
		lower_extern(builder, query->call, query->marker, query->type);
		break;
	default:
		lower_type(query->call, query->marker, query->type);
	}
}

static void drop_carrier(LLVMValueRef carrier)
{
	LLVMLinkage linkage = LLVMGetLinkage(carrier);

	if ((linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage) ||
	    LLVMGetFirstUse(carrier))
		return;
	if (LLVMIsAFunction(carrier))
		LLVMDeleteFunction(carrier);
	else
		LLVMDeleteGlobal(carrier);
}

static void drop_the_rest(void)
{
	struct map carriers = {MAP_OF_POINTERS};

	for (size_t i = 0; i < markers.count; i++)
		LLVMDeleteFunction(markers.items[i].function);
	for (size_t i = 0; i < queries.count; i++)
		if (map_add(&carriers, queries.items[i].carrier))
			drop_carrier(queries.items[i].carrier);
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);

	output = output_open(output_path, !list);
	metadata_context = module_context();
	struct input input = input_read(operands.count ? operands.items[0].text : NULL);
	LLVMModuleRef module = module_parse(metadata_context, input);
	if (!has_core_markers(module) && !list)
		module_finish_unchanged(module, input, output);
	metadata_check();
	builder = LLVMCreateDIBuilder(module);
	read_markers(module);
	separate_types(module);
	for (size_t i = 0; i < queries.count; i++) {
		say(&queries.items[i]);
		replace(&queries.items[i]);
	}
	drop_the_rest();
	if (!list)
		module_finish(module, output);
	output_commit(output);
	tool_finish();
}
