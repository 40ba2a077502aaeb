#include "location.h"
#include "memory.h"
#include "message.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

static bool was_dropped;

void location_set_module(LLVMModuleRef module)
{
	was_dropped = false;
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		was_dropped |= origin_lost_debug_info(function) != KEPT;
}

const char *location_hint(void)
{
	return was_dropped
		   ? " (debug info tells the line: --btf keeps that of the input)"
		   : " (debug info in the input tells the line: clang -g, rustc -C debuginfo=1)";
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

const char *location_file(LLVMMetadataRef scope)
{
	LLVMMetadataRef file = scope ? LLVMDIScopeGetFile(scope) : NULL;
	unsigned length;

	return text_of(file ? LLVMDIFileGetFilename(file, &length) : NULL);
}

bool location_is_in_library(LLVMMetadataRef scope)
{
	static const char *const folders[] = {"/rustc/", "/library/core/", "/library/alloc/",
	    "/library/std/", "/compiler-builtins/", "/compiler_builtins-", "/registry/src/",
	    "/git/checkouts/", "/usr/include/", "/usr/lib/", "bpf-linker/memory-builtins"};
	const char *name = location_file(scope);
	unsigned length;

	if (!*name)
		return true;
	const char *folder = text_of(LLVMDIFileGetDirectory(LLVMDIScopeGetFile(scope), &length));
	char *path = xasprintf("%s/%s", *name != '/' ? folder : "", name);
	bool found = false;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		found |= strstr(path, folders[i]) != NULL;
	free(path);
	return found;
}

LLVMMetadataRef location_find_users(LLVMMetadataRef location)
{
	for (; location; location = LLVMDILocationGetInlinedAt(location))
		if (LLVMDILocationGetLine(location) &&
		    !location_is_in_library(LLVMDILocationGetScope(location)))
			return location;
	return NULL;
}

char *location_of_user(LLVMMetadataRef location)
{
	location = location_find_users(location);
	return location ? xasprintf("%s:%u", location_file(LLVMDILocationGetScope(location)),
			      LLVMDILocationGetLine(location))
			: NULL;
}
