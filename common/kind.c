#include "kind.h"
#include <ctype.h>
#include <string.h>

static bool begins_with(const unsigned char *data, size_t size, const char *magic, size_t length)
{
	return size >= length && !memcmp(data, magic, length);
}

/* `@name =`, `!0 =` and the like: a name, plain or quoted, and an equal sign. */
static bool is_named_entity(const char *text, const char *end)
{
	const char *name = ++text;

	if (text < end && *text == '"')
		for (text++; text < end && *text != '"' && *text != '\n'; text++)
			;
	else
		while (text < end && (isalnum((unsigned char)*text) || strchr("-$._\\", *text)) &&
		       *text)
			text++;
	if (text == name)
		return false;
	while (text < end && strchr("\" \t", *text) && *text)
		text++;
	return text < end && *text == '=';
}

/* Textual IR has no magic: past blanks and comments it begins with one of few words or signs. */
static bool is_ir(const char *text, size_t size)
{
	static const char *const words[] = {"source_filename", "target", "module", "define",
	    "declare", "attributes", "uselistorder", "uselistorder_bb"};
	const char *end = text + size;

	for (; text < end; text++)
		if (*text == ';') {
			text = memchr(text, '\n', end - text);
			if (!text)
				return false;
		} else if (!strchr(" \t\r\n", *text) || !*text)
			break;
	if (text == end)
		return false;
	if (*text && strchr("@%!$^", *text))
		return is_named_entity(text, end);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(end - text) > length && !memcmp(text, words[i], length) &&
		    strchr(" \t", text[length]) && text[length])
			return true;
	}
	return false;
}

enum kind kind_of(const void *data, size_t size)
{
	static const struct {
		const char *bytes;
		size_t length, offset;
		enum kind kind;
	} magics[] = {
	    {"BC\xC0\xDE", 4, 0, KIND_BITCODE},
	    {"\xDE\xC0\x17\x0B", 4, 0, KIND_BITCODE},
	    {"\x7F"
	     "ELF",
		4, 0, KIND_OBJECT},
	    {"\xFE\xED\xFA\xCE", 4, 0, KIND_OBJECT},
	    {"\xFE\xED\xFA\xCF", 4, 0, KIND_OBJECT},
	    {"\xCE\xFA\xED\xFE", 4, 0, KIND_OBJECT},
	    {"\xCF\xFA\xED\xFE", 4, 0, KIND_OBJECT},
	    {"!<arch>\n", 8, 0, KIND_ARCHIVE},
	    {"!<thin>\n", 8, 0, KIND_THIN_ARCHIVE},
	    {"ustar", 5, 257, KIND_STREAM},
	};

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (size > magics[i].offset &&
		    begins_with((const unsigned char *)data + magics[i].offset,
			size - magics[i].offset, magics[i].bytes, magics[i].length))
			return magics[i].kind;
	return is_ir(data, size) ? KIND_IR : KIND_UNKNOWN;
}
