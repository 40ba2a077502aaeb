#include "core-marker.h"
#include "memory.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <string.h>

const char core_marker_prefix[] = "__bpf_core.";

bool is_core_marker(const char *name)
{
	return !strncmp(name, core_marker_prefix, strlen(core_marker_prefix));
}

bool core_marker_follows_pointers(const char *name)
{
	static const char kind[] = "pointee_byte_offset";

	return is_core_marker(name) &&
	       !strncmp(name + strlen(core_marker_prefix), kind, strlen(kind));
}

bool has_core_markers(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (is_core_marker(value_name(function)))
			return true;
	return false;
}

/* A `#` after the column is not shown, nor what follows: it keeps calls of one place apart. */
char *core_marker_place(const char *name)
{
	const char *place = strchr(name, '@');

	if (!place)
		return xstrdup("");
	place++;
	const char *last_colon = strrchr(place, ':');
	const char *end = last_colon ? strchr(last_colon, '#') : NULL;
	return end ? xstrndup(place, end - place) : xstrdup(place);
}

/* libbpf's bpf_core_essential_name_len: three underscores between two other characters, and only
 * the last three are looked for. */
static bool is_flavor(const char *name)
{
	for (const char *found = name; (found = strstr(found, "___")); found++)
		if (found > name && found[-1] != '_' && found[3] && found[3] != '_')
			return true;
	return false;
}

char *core_flavor(const char *name, const char *number)
{
	return xasprintf("%s%s%s", name, is_flavor(name) ? "_" : "___", number);
}
