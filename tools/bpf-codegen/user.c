#include "user.h"
#include "demangle.h"
#include "location.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "origin.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

LLVMValueRef user_function_of(LLVMValueRef instruction)
{
	return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

/* `'f' (f.c:3)` */
static char *describe_scope(LLVMMetadataRef location)
{
	LLVMMetadataRef scope = LLVMDILocationGetScope(location);
	LLVMValueRef function = value_of(scope);
	const char *file = location_file(scope);

	while (
	    function && LLVMGetMetadataKind(metadata_of(function)) != LLVMDISubprogramMetadataKind)
		function = operand(function, SCOPE);
	char *name = function ? text_at(function, NAME) : xasprintf("%s", "");
	char *text = xasprintf("'%s' (%s:%u)", name, file, LLVMDILocationGetLine(location));
	free(name);
	return text;
}

/* `function 'f' (f.c:3), inlined into 'g' (g.c:5)` */
static char *describe_location(LLVMMetadataRef location)
{
	LLVMMetadataRef outermost = location, next = location;
	char *text = describe_scope(location), *other, *result;

	while ((next = LLVMDILocationGetInlinedAt(next)))
		if (LLVMDILocationGetLine(next) &&
		    !location_is_in_library(LLVMDILocationGetScope(next)))
			outermost = next;
	other = outermost == location ? NULL : describe_scope(outermost);
	result = other ? xasprintf("function %s, inlined into %s,", text, other)
		       : xasprintf("function %s", text);
	free(text);
	free(other);
	return result;
}

static LLVMMetadataRef location_of(LLVMValueRef instruction)
{
	return location_find_users(LLVMInstructionGetDebugLoc(instruction));
}

/* Where the standard library has no debug info of its own, the name of the archive tells. */
static bool is_users_function(LLVMValueRef function)
{
	static const char *const archives[] = {
	    "libcore-", "liballoc-", "libstd-", "libcompiler_builtins-"};
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);

	for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
		if (strstr(origin_input(function), archives[i]))
			return false;
	return !subprogram || !location_is_in_library(subprogram);
}

/* A call in the user's own source that leads to the function; NULL where there is none. */
static LLVMValueRef find_call(LLVMValueRef function, struct map *seen)
{
	LLVMValueRef found = NULL;

	if (!map_add(seen, function))
		return NULL;
	for (LLVMUseRef use = LLVMGetFirstUse(function); use && !found; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		if (!LLVMIsACallInst(call))
			continue;
		bool is_users = location_of(call) || is_users_function(user_function_of(call));
		found = is_users ? call : find_call(user_function_of(call), seen);
	}
	return found;
}

/* C++ has names that we do not demangle; debug info has a shorter one. */
static char *name_of(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	char *name = demangle(value_name(function));
	bool is_mangled = !strncmp(value_name(function), "_Z", 2);

	if (!name && is_mangled && subprogram)
		name = text_at(value_of(subprogram), NAME);
	return name ? name : xstrdup(value_name(function));
}

/* `function 'f'`, with its line where there is debug info. */
static char *describe_function(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	const char *file = location_file(subprogram);
	char *name = name_of(function);
	char *text = *file ? xasprintf("function '%s' (%s:%u)", name, file,
				 LLVMDISubprogramGetLine(subprogram))
			   : xasprintf("function '%s'", name);

	free(name);
	return text;
}

char *user_describe(LLVMValueRef function, LLVMValueRef instruction, bool *has_line)
{
	LLVMMetadataRef location = instruction ? location_of(instruction) : NULL;
	LLVMValueRef by = function, call = NULL;
	struct map seen = {0};

	if (!location && !is_users_function(function))
		call = find_call(function, &seen);
	free(seen.slots);
	if (call) {
		location = location_of(call);
		function = user_function_of(call);
	}
	*has_line = location || *location_file(LLVMGetSubprogram(function));
	const char *input = *origin_input(function) ? origin_input(function) : message_subject;
	char *where = location ? describe_location(location) : describe_function(function);
	char *name = name_of(by);
	char *text = !call ? xasprintf("%s: %s", input, where)
			   : xasprintf("%s: %s%s by way of '%s',", input, where,
				 where[strlen(where) - 1] == ',' ? "" : ",", name);
	free(name);
	free(where);
	return text;
}
