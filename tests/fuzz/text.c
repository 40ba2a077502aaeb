/* Names that are printed: printable, escape, words_quote. */
#include "escape.h"
#include "harness.h"
#include "memory.h"
#include "printable.h"
#include "words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What escape has made of a text, back. */
static char *unescape(const char *text)
{
	char *copy = xcalloc(strlen(text) + 1, 1), *end = copy;
	unsigned code;

	while (*text) {
		if (*text != '\\') {
			*end++ = *text++;
			continue;
		}
		EXPECT(sscanf(text, "\\%3o", &code) == 1 && strlen(text) >= 4);
		*end++ = (char)code;
		text += 4;
	}
	return copy;
}

static void try_escape(const char *text)
{
	char *escaped = escape(text, " ;"), *back = unescape(escaped);

	EXPECT(is_shown_safely(escaped) && !strpbrk(escaped, " ;"));
	EXPECT(!strcmp(back, text));
	free(back);
	free(escaped);
}

static void try_quote(const char *text)
{
	char *quoted = words_quote(text);

	/* newlines at the end of the name stay, in quotes */
	EXPECT(*quoted);
	for (char *c = quoted; (c = strchr(c, '\n')); *c = ' ')
		;
	EXPECT(is_shown_safely(quoted));
	free(quoted);
}

void fuzz(const unsigned char *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);

	try_escape(text);
	try_quote(text);
	/* with NULs, as LLVM's output may have them */
	char *bytes = memcpy(xcalloc(size + 1, 1), data, size);
	size_t first = printable(bytes, size, "\n\t");
	EXPECT(first <= size);
	bytes[printable(bytes, first, "")] = '\0';
	EXPECT(is_shown_safely(bytes));
	free(bytes);
	free(text);
}
