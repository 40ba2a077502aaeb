#include "string-builtins.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <string.h>

const struct string_builtin string_builtins[] = {{"strlen", 1}, {"strnlen", 2}, {"wcslen", 1},
    {"strcmp", 2}, {"strncmp", 3}, {"strcpy", 2}, {"stpcpy", 2}, {"strncpy", 3}, {"strcat", 2},
    {"strchr", 2}, {"strrchr", 2}, {"memchr", 3}, {NULL}};

static bool has_parameters(LLVMValueRef function, unsigned count)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(function), types[3];

	if (LLVMIsFunctionVarArg(type) || LLVMCountParamTypes(type) != count)
		return false;
	LLVMGetParamTypes(type, types);
	return LLVMGetTypeKind(types[0]) == LLVMPointerTypeKind;
}

bool is_string_builtin(LLVMValueRef function)
{
	const char *section = LLVMIsAFunction(function) ? LLVMGetSection(function) : ".ksyms";

	if (section && *section)
		return false;
	for (const struct string_builtin *builtin = string_builtins; builtin->name; builtin++)
		if (!strcmp(value_name(function), builtin->name))
			return has_parameters(function, builtin->parameters);
	return false;
}
