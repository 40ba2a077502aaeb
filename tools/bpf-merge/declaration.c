#include "declaration.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

/* Of debug info that is no tree. */
enum { DEEPEST_TYPE = 64 };

static LLVMTypeRef type_of(LLVMValueRef global, LLVMValueRef call)
{
	return call ? LLVMGetCalledFunctionType(call) : LLVMGlobalGetValueType(global);
}

static bool is_function_type(LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMFunctionTypeKind;
}

static unsigned long long bytes_of(LLVMTargetDataRef layout, LLVMTypeRef type)
{
	if (LLVMGetTypeKind(type) == LLVMVoidTypeKind || !LLVMTypeIsSized(type))
		return 0;
	return (LLVMSizeOfTypeInBits(layout, type) + 7) / 8;
}

/* What an alias stands for, as far as LLVM-C tells. */
static LLVMValueRef aliased(LLVMValueRef global)
{
	while (LLVMIsAGlobalAlias(global) && LLVMIsAGlobalObject(LLVMAliasGetAliasee(global)))
		global = LLVMAliasGetAliasee(global);
	return global;
}

/* Functions */

/* `int f();` of C before C23: the calls tell. */
static bool has_no_prototype(LLVMValueRef declaration)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(declaration);

	return LLVMIsDeclaration(declaration) && LLVMIsFunctionVarArg(type) &&
	       !LLVMCountParamTypes(type);
}

/* The type of the result that the caller has room for in memory, of which it passes the address;
 * NULL where there is none. */
static LLVMTypeRef result_in_memory(LLVMValueRef global, LLVMValueRef call)
{
	static unsigned kind;
	unsigned count = LLVMCountParamTypes(type_of(global, call));

	if (!kind)
		kind = LLVMGetEnumAttributeKindForName("sret", strlen("sret"));
	for (unsigned i = 1; i <= count && i <= 2; i++) {
		LLVMAttributeRef found = NULL;
		if (call)
			found = LLVMGetCallSiteEnumAttribute(call, i, kind);
		if (!found && LLVMIsAFunction(global) &&
		    (!call || LLVMGlobalGetValueType(global) == type_of(global, call)))
			found = LLVMGetEnumAttributeAtIndex(global, i, kind);
		if (found)
			return LLVMGetTypeAttributeValue(found);
	}
	return NULL;
}

static bool has_same_size(LLVMTargetDataRef layout, LLVMTypeRef a, LLVMTypeRef b, bool promoted)
{
	unsigned long long a_bytes = bytes_of(layout, a), b_bytes = bytes_of(layout, b);

	return a_bytes == b_bytes ||
	       (promoted && a_bytes && b_bytes && a_bytes <= 4 && b_bytes <= 4);
}

static bool is_called_by_type(
    LLVMTargetDataRef layout, LLVMTypeRef called, LLVMTypeRef defined, bool promoted)
{
	unsigned count = LLVMCountParamTypes(called);

	if (count != LLVMCountParamTypes(defined) ||
	    LLVMIsFunctionVarArg(called) != LLVMIsFunctionVarArg(defined) ||
	    !has_same_size(layout, LLVMGetReturnType(called), LLVMGetReturnType(defined), false))
		return false;
	LLVMTypeRef *types = xcalloc(2 * count + 1, sizeof *types);
	bool same = true;
	LLVMGetParamTypes(called, types);
	LLVMGetParamTypes(defined, types + count);
	for (unsigned i = 0; i < count; i++)
		same &= has_same_size(layout, types[i], types[count + i], promoted);
	free(types);
	return same;
}

/* call: NULL for the declaration itself. */
static bool is_called_as_defined(
    LLVMValueRef declaration, LLVMValueRef call, LLVMValueRef definition)
{
	LLVMTypeRef called = type_of(declaration, call);
	LLVMTypeRef defined = LLVMGlobalGetValueType(definition);
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(LLVMGetGlobalParent(definition));
	LLVMTypeRef room = result_in_memory(declaration, call);
	LLVMTypeRef result = result_in_memory(aliased(definition), NULL);

	if (called != defined &&
	    !is_called_by_type(layout, called, defined, has_no_prototype(declaration)))
		return false;
	if (!room || !result)
		return !room && !result;
	return bytes_of(layout, room) == bytes_of(layout, result);
}

static bool function_fits(LLVMValueRef declaration, LLVMValueRef definition, LLVMValueRef *call)
{
	bool any = false;

	for (LLVMUseRef use = LLVMGetFirstUse(declaration); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (!LLVMIsACallInst(user) || LLVMGetCalledValue(user) != declaration)
			continue;
		any = true;
		if (!is_called_as_defined(declaration, user, definition)) {
			*call = user;
			return false;
		}
	}
	return any || has_no_prototype(declaration) ||
	       is_called_as_defined(declaration, NULL, definition);
}

/* Variables */

/* Whether it is a struct that ends in `x[]`, or that itself: the definition may be larger. */
static bool has_flexible_end(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMArrayTypeKind:
		return !LLVMGetArrayLength2(type);
	case LLVMStructTypeKind: {
		unsigned count = LLVMCountStructElementTypes(type);
		return count && has_flexible_end(LLVMStructGetTypeAtIndex(type, count - 1));
	}
	default:
		return false;
	}
}

/* Maps are named for their address alone, whatever the declaration says. */
static bool is_map(LLVMValueRef variable)
{
	const char *section = LLVMIsAGlobalVariable(variable) ? LLVMGetSection(variable) : NULL;

	return section && (!strncmp(section, ".maps", 5) || !strncmp(section, "maps", 4));
}

static bool variable_fits(LLVMValueRef declaration, LLVMValueRef definition)
{
	LLVMTypeRef taken = LLVMGlobalGetValueType(declaration);
	LLVMTypeRef defined = LLVMGlobalGetValueType(definition);
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(LLVMGetGlobalParent(definition));

	if (taken == defined || is_map(declaration) || is_map(aliased(definition)) ||
	    !LLVMTypeIsSized(taken) || !LLVMTypeIsSized(defined))
		return true;
	unsigned long long taken_bytes = LLVMABISizeOfType(layout, taken);
	unsigned long long bytes = LLVMABISizeOfType(layout, defined);
	/* a definition that lost against a larger one does no harm */
	return !taken_bytes || !bytes || taken_bytes == bytes ||
	       (taken_bytes < bytes &&
		   (!LLVMIsDeclaration(declaration) || has_flexible_end(taken)));
}

bool declaration_fits(LLVMValueRef declaration, LLVMValueRef definition, LLVMValueRef *call)
{
	bool is_function = is_function_type(LLVMGlobalGetValueType(declaration));

	*call = NULL;
	if (is_function != is_function_type(LLVMGlobalGetValueType(definition)))
		return false;
	return is_function ? function_fits(declaration, definition, call)
			   : variable_fits(declaration, definition);
}

/* In C's syntax, from the inside out: `inner` is what stands around the name so far. Each is freed
 * by what takes it. */

static bool is_rust; /* whose types have other names */

static char *join(char *type, char *inner)
{
	bool is_apart = *type && *inner && type[strlen(type) - 1] != '*';
	char *text = xasprintf("%s%s%s", type, is_apart ? " " : "", inner);

	free(type);
	free(inner);
	return text;
}

static char *wrap(const char *before, char *inner, const char *after)
{
	char *text = xasprintf("%s%s%s", before, inner, after);

	free(inner);
	return text;
}

static char *say_type(LLVMValueRef type, char *inner, unsigned depth);

static LLVMValueRef base_of(LLVMValueRef type)
{
	LLVMValueRef base = operand(type, BASE);

	return is_node(base) ? base : NULL;
}

/* What stands between the parentheses; the first of the types is the result's. */
static char *say_parameters(struct values types, unsigned depth)
{
	char *text = xstrdup(types.count > 1 || is_rust ? "" : "void");

	for (size_t i = 1; i < types.count; i++) {
		bool is_end = i > 1 && i == types.count - 1 && !is_node(types.items[i]);
		char *type = is_end ? xstrdup("...") : say_type(types.items[i], xstrdup(""), depth);
		char *longer = xasprintf("%s%s%s", text, i > 1 ? ", " : "", type);
		free(type);
		free(text);
		text = longer;
	}
	return text;
}

static char *say_subroutine(LLVMValueRef type, char *inner, unsigned depth)
{
	struct values types = list_at(type, TYPES);
	char *parameters = say_parameters(types, depth);
	char *text = xasprintf("%s(%s)", inner, parameters);
	LLVMValueRef result = types.count ? types.items[0] : NULL;

	free(types.items);
	free(parameters);
	free(inner);
	return say_type(result, text, depth);
}

static char *say_array(LLVMValueRef type, char *inner, unsigned depth)
{
	struct values ranges = list_at(type, ELEMENTS);

	for (size_t i = 0; i < ranges.count; i++) {
		LLVMValueRef count =
		    is_node(ranges.items[i]) ? operand(ranges.items[i], COUNT) : NULL;
		bool is_known =
		    count && LLVMIsAConstantInt(count) && LLVMConstIntGetSExtValue(count) >= 0;
		char *range =
		    is_known ? xasprintf("[%lld]", LLVMConstIntGetSExtValue(count)) : xstrdup("[]");
		inner = wrap("", inner, range);
		free(range);
	}
	free(ranges.items);
	return say_type(base_of(type), inner, depth);
}

static char *say_pointer(const char *sign, LLVMValueRef type, char *inner, unsigned depth)
{
	LLVMValueRef base = base_of(type);
	bool binds_less = base && (kind_of_node(base) == LLVMDISubroutineTypeMetadataKind ||
				      (kind_of_node(base) == LLVMDICompositeTypeMetadataKind &&
					  tag_of(base) == TAG_ARRAY));

	inner = wrap(sign, inner, "");
	return say_type(base, binds_less ? wrap("(", inner, ")") : inner, depth);
}

static char *say_qualified(const char *word, LLVMValueRef type, char *inner, unsigned depth)
{
	LLVMValueRef base = base_of(type);
	char *before = xasprintf("%s%s", word, *inner || !is_derived(base, TAG_POINTER) ? " " : "");
	char *text = is_derived(base, TAG_POINTER) ? say_type(base, wrap(before, inner, ""), depth)
						   : wrap(before, say_type(base, inner, depth), "");

	free(before);
	return text;
}

static char *say_derived(LLVMValueRef type, char *inner, unsigned depth)
{
	char *name = text_at(type, NAME);

	if (*name)
		return join(name, inner);
	free(name);
	switch (tag_of(type)) {
	case TAG_POINTER:
		return say_pointer("*", type, inner, depth);
	case TAG_REFERENCE:
		return say_pointer("&", type, inner, depth);
	case TAG_RVALUE_REFERENCE:
		return say_pointer("&&", type, inner, depth);
	case TAG_CONST:
		return say_qualified("const", type, inner, depth);
	case TAG_VOLATILE:
		return say_qualified("volatile", type, inner, depth);
	default:
		return say_type(base_of(type), inner, depth);
	}
}

static char *say_composite(LLVMValueRef type, char *inner, unsigned depth)
{
	char *name = text_at(type, NAME), *text;
	const char *word;

	switch (tag_of(type)) {
	case TAG_ARRAY:
		free(name);
		return say_array(type, inner, depth);
	case TAG_UNION:
		word = "union ";
		break;
	case TAG_ENUMERATION:
		word = "enum ";
		break;
	case TAG_CLASS:
		word = "class ";
		break;
	default:
		word = "struct ";
		break;
	}
	text = xasprintf("%s%s", is_rust ? "" : word, *name ? name : "{...}");
	free(name);
	return join(text, inner);
}

/* NULL is void. */
static char *say_type(LLVMValueRef type, char *inner, unsigned depth)
{
	if (!is_node(type))
		return join(xstrdup(is_rust ? "()" : "void"), inner);
	if (depth == DEEPEST_TYPE)
		return join(xstrdup("..."), inner);
	switch (kind_of_node(type)) {
	case LLVMDIBasicTypeMetadataKind:
		return join(text_at(type, NAME), inner);
	case LLVMDIDerivedTypeMetadataKind:
		return say_derived(type, inner, depth + 1);
	case LLVMDICompositeTypeMetadataKind:
		return say_composite(type, inner, depth + 1);
	case LLVMDISubroutineTypeMetadataKind:
		return say_subroutine(type, inner, depth + 1);
	default:
		return join(xstrdup("..."), inner);
	}
}

/* The same of what LLVM knows. */

static const char *c_of_integer(unsigned bits)
{
	switch (bits) {
	case 1:
		return "bool";
	case 8:
		return "char";
	case 16:
		return "short";
	case 32:
		return "int";
	case 64:
		return "long";
	case 128:
		return "__int128";
	default:
		return NULL;
	}
}

static char *in_ir(LLVMTypeRef type)
{
	char *printed = xchecked(LLVMPrintTypeToString(type)), *text = xstrdup(printed);

	LLVMDisposeMessage(printed);
	return text;
}

/* LLVM names it as in struct.pair, with a number where there are several. */
static char *say_struct(LLVMTypeRef type)
{
	static const char *const words[] = {"struct", "union", "class"};
	const char *name = LLVMGetStructName(type);

	for (size_t i = 0; name && i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if (!strncmp(name, words[i], length) && name[length] == '.')
			return xasprintf("%s %.*s", words[i], (int)strcspn(name + length + 1, "."),
			    name + length + 1);
	}
	return name ? xstrdup(name) : in_ir(type);
}

static char *say_llvm_type(LLVMTypeRef type, char *inner)
{
	const char *name;

	switch (LLVMGetTypeKind(type)) {
	case LLVMVoidTypeKind:
		return join(xstrdup(is_rust ? "()" : "void"), inner);
	case LLVMIntegerTypeKind:
		name = c_of_integer(LLVMGetIntTypeWidth(type));
		return join(name && (!is_rust || LLVMGetIntTypeWidth(type) == 1) ? xstrdup(name)
										 : in_ir(type),
		    inner);
	case LLVMPointerTypeKind:
		return join(xstrdup("void *"), inner);
	case LLVMStructTypeKind:
		return join(say_struct(type), inner);
	case LLVMArrayTypeKind:
		if (!*inner)
			return in_ir(type);
		name = xasprintf("[%llu]", (unsigned long long)LLVMGetArrayLength2(type));
		return say_llvm_type(LLVMGetElementType(type), wrap("", inner, name));
	default:
		return join(in_ir(type), inner);
	}
}

static char *say_llvm_function(LLVMValueRef global, LLVMValueRef call, char *name)
{
	LLVMTypeRef type = type_of(global, call), result = result_in_memory(global, call);
	unsigned count = LLVMCountParamTypes(type), first = result ? 1 : 0;
	LLVMTypeRef *types = xcalloc(count + 1, sizeof *types);
	char *text = wrap("", name, "(");

	LLVMGetParamTypes(type, types);
	for (unsigned i = first; i < count; i++) {
		char *parameter = say_llvm_type(types[i], xstrdup(""));
		text = wrap("", text, i > first ? ", " : "");
		text = wrap("", text, parameter);
		free(parameter);
	}
	free(types);
	text = wrap("", text,
	    LLVMIsFunctionVarArg(type) ? (count > first ? ", ...)" : ")")
	    : count > first || is_rust ? ")"
				       : "void)");
	result = result ? result : LLVMGetReturnType(type);
	return LLVMGetTypeKind(result) == LLVMArrayTypeKind ? join(in_ir(result), text)
							    : say_llvm_type(result, text);
}

/* The type in debug info; NULL where it does not tell. Line tables have functions of no types. */
static LLVMValueRef described_type(LLVMValueRef global)
{
	LLVMValueRef node, type;

	if (LLVMIsAGlobalVariable(global)) {
		node = variable_node(global);
		type = node ? operand(node, VARIABLE_TYPE) : NULL;
		return is_node(type) ? type : NULL;
	}
	node = LLVMIsAFunction(global) ? value_of(LLVMGetSubprogram(global)) : NULL;
	type = node ? operand(node, FUNCTION_TYPE) : NULL;
	LLVMValueRef types = is_node(type) ? operand(type, TYPES) : NULL;
	return is_node(types) && LLVMGetMDNodeNumOperands(types) ? type : NULL;
}

/* A call by another type than is declared is none that debug info knows. */
static bool is_cast(LLVMValueRef global, LLVMValueRef call)
{
	return call && !has_no_prototype(global) &&
	       type_of(global, call) != LLVMGlobalGetValueType(global);
}

char *declaration_in_c(LLVMValueRef global, LLVMValueRef call, LLVMValueRef described)
{
	LLVMContextRef before = metadata_context;
	char *name = xasprintf("%s", value_name(global));
	LLVMValueRef type = NULL;

	metadata_context = described ? LLVMGetValueContext(described) : before;
	is_rust = described && origin_is_rust(LLVMGetGlobalParent(described));
	if (described && !is_cast(global, call) && !has_no_prototype(global))
		type = described_type(aliased(described));
	char *text = type ? say_type(type, name, 0)
		     : is_function_type(LLVMGlobalGetValueType(global))
			 ? say_llvm_function(global, call, name)
			 : say_llvm_type(LLVMGlobalGetValueType(global), name);
	metadata_context = before;
	return text;
}

bool declaration_is_of_nothing(LLVMValueRef declaration, LLVMValueRef described)
{
	LLVMContextRef before = metadata_context;
	LLVMTypeRef type = LLVMGlobalGetValueType(declaration);

	if (LLVMGetTypeKind(type) != LLVMIntegerTypeKind || LLVMGetIntTypeWidth(type) != 8 ||
	    !LLVMIsDeclaration(declaration))
		return false;
	metadata_context = described ? LLVMGetValueContext(described) : before;
	LLVMValueRef known = described ? described_type(described) : NULL;
	while (is_derived(known, TAG_CONST) || is_derived(known, TAG_VOLATILE))
		known = base_of(known);
	metadata_context = before;
	return !known;
}

char *declaration_in_ir(LLVMValueRef global, LLVMValueRef call)
{
	return in_ir(type_of(global, call));
}

char *declaration_line(LLVMValueRef global)
{
	unsigned length = 0, line;
	const char *file;

	global = aliased(global);
	if (!LLVMIsAGlobalVariable(global) && !LLVMIsAFunction(global))
		return NULL;
	line = LLVMGetDebugLocLine(global);
	file = line ? LLVMGetDebugLocFilename(global, &length) : NULL;
	return file && length ? xasprintf("%.*s:%u", (int)length, file, line) : NULL;
}
