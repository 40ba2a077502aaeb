#include "marker.h"
#include "core-marker.h"
#include "memory.h"
#include "message.h"
#include "value.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* llvm/lib/Target/BPF/BPFCORE.h has the flags. */
static const struct kind kinds[] = {
    {"field_byte_offset", OF_FIELD, FIELD_BYTE_OFFSET},
    {"field_byte_size", OF_FIELD, FIELD_BYTE_SIZE},
    {"field_exists", OF_FIELD, FIELD_EXISTS},
    {"field_signed", OF_FIELD, FIELD_SIGNED},
    {"field_lshift_u64", OF_FIELD, FIELD_LSHIFT_U64},
    {"field_rshift_u64", OF_FIELD, FIELD_RSHIFT_U64},
    {"type_id_local", OF_TYPE_ID, 0},
    {"type_id_target", OF_TYPE_ID, 1},
    {"type_exists", OF_TYPE, 0},
    {"type_size", OF_TYPE, 1},
    {"type_matches", OF_TYPE, 2},
    {"enum_exists", OF_ENUMERATOR, 0},
    {"enum_value", OF_ENUMERATOR, 1},
    {"pointee_byte_offset", OF_FIELD, FIELD_BYTE_OFFSET, true},
    {"ksym", OF_EXTERN, 0},
    {"weak_ksym", OF_EXTERN, EXTERN_WEAK},
    {"kconfig", OF_EXTERN, EXTERN_KCONFIG},
    {"weak_kconfig", OF_EXTERN, EXTERN_KCONFIG | EXTERN_WEAK},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

void marker_refuse(struct marker *marker, const char *format, ...)
{
	va_list arguments;

	if (marker->is_wrong)
		return;
	marker->is_wrong = true;
	va_start(arguments, format);
	char *text = xvasprintf(format, arguments);
	va_end(arguments);
	if (*marker->place)
		message(LEVEL_ERROR, "%s: %s", marker->place, text);
	else
		message(LEVEL_ERROR, "'%s': %s", value_name(marker->function), text);
	free(text);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static void refuse_kind(struct marker *marker, const char *name)
{
	char *known = xstrdup(kinds[0].name);

	for (size_t i = 1; i < KINDS; i++) {
		char *more = xasprintf("%s, %s", known, kinds[i].name);
		free(known);
		known = more;
	}
	marker_refuse(marker, "unknown kind of CO-RE relocation '%s' (known: %s)", name, known);
	free(known);
}

/* A copy without spaces around it. */
static char *trimmed(const char *text, size_t length)
{
	while (length && isspace((unsigned char)*text))
		text++, length--;
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return xstrndup(text, length);
}

struct marker marker_read(LLVMValueRef function)
{
	const char *name = value_name(function) + strlen(core_marker_prefix);
	size_t kind_length = strcspn(name, ":@");
	const char *path = name[kind_length] == ':' ? name + kind_length + 1 : "";
	char *kind = xstrndup(name, kind_length);
	struct marker marker = {
	    .function = function,
	    .kind = find_kind(kind),
	    .path = trimmed(path, strcspn(path, "@")),
	    .place = core_marker_place(name),
	};

	if (!marker.kind)
		refuse_kind(&marker, kind);
	else if ((marker.kind->subject == OF_TYPE || marker.kind->subject == OF_TYPE_ID) &&
		 *marker.path)
		marker_refuse(
		    &marker, "%s is of a type, and takes no path: '%s'", kind, marker.path);
	free(kind);
	return marker;
}
