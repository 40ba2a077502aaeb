#include "carrier.h"
#include "metadata.h"
#include "types.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

LLVMValueRef carrier_of(struct marker *marker, LLVMValueRef argument)
{
	LLVMValueRef carrier = argument;

	if (LLVMIsAGlobalAlias(carrier))
		carrier = LLVMAliasGetAliasee(carrier);
	if (LLVMIsAGlobalVariable(carrier) || LLVMIsAFunction(carrier))
		return carrier;
	if (LLVMIsASelectInst(argument) || LLVMIsAPHINode(argument))
		marker_refuse(marker,
		    "two calls of '%s' have been merged into one; what follows "
		    "the @ must be another for each",
		    value_name(marker->function));
	else
		marker_refuse(marker,
		    "the carrier is not known here; pass the address of a static, "
		    "in the call itself");
	return NULL;
}

/* Of a generic struct or function, which has them for the operand at the index. */
static LLVMValueRef first_type_parameter(LLVMValueRef node, unsigned index)
{
	struct values parameters = list_at(node, index);
	LLVMValueRef found = NULL;

	for (size_t i = 0; i < parameters.count && !found; i++)
		if (is_node(parameters.items[i]) &&
		    kind_of_node(parameters.items[i]) == LLVMDITemplateTypeParameterMetadataKind)
			found = operand(parameters.items[i], ARGUMENT_TYPE);
	free(parameters.items);
	return found;
}

/* Said once: where it holds of one carrier, it does of all. */
static void refuse_without_debug_info(struct marker *marker, LLVMValueRef carrier)
{
	static bool said;

	if (LLVMGetLinkage(carrier) == LLVMPrivateLinkage) {
		marker_refuse(marker, "the carrier is a constant without a name, of which no debug "
				      "info says the type; pass the address of a static");
		return;
	}
	if (!said)
		marker_refuse(marker,
		    "the type that is asked for is not known, for the carrier has no debug info; "
		    "compile with rustc -C debuginfo=2 or clang -g");
	marker->is_wrong = said = true;
}

LLVMValueRef type_of_carrier(struct marker *marker, LLVMValueRef carrier)
{
	bool is_function = LLVMIsAFunction(carrier);
	LLVMValueRef node =
	    is_function ? value_of(LLVMGetSubprogram(carrier)) : variable_node(carrier);
	LLVMValueRef type, named = NULL;

	if (!node) {
		refuse_without_debug_info(marker, carrier);
		return NULL;
	}
	type = is_function ? NULL : resolved(operand(node, VARIABLE_TYPE));
	if (is_function)
		named = first_type_parameter(node, FUNCTION_TEMPLATE);
	else if (type && is_structure(type))
		named = first_type_parameter(type, TYPE_TEMPLATE);
	else if (is_derived(type, TAG_POINTER))
		named = operand(type, BASE);
	named = without_qualifiers(named);
	if (!named)
		marker_refuse(marker,
		    "the carrier '%s' names no type: it is to be a static of a struct with a type "
		    "parameter, or of a pointer to the type",
		    value_name(carrier));
	return named;
}
