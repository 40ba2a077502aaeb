#include "escape.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include <stdio.h>
#include <string.h>

char *escape(const char *text, const char *also)
{
	char *copy = xcalloc(4 * strlen(text) + 1, 1), *end = copy;

	for (size_t left = strlen(text), length; left; left -= length, text += length) {
		length = printable_character(text, left);
		if (length && *text != '\\' && !strchr(also, *text)) {
			memcpy(end, text, length);
			end += length;
			continue;
		}
		end += sprintf(end, "\\%03o", (unsigned char)*text);
		length = 1;
	}
	return copy;
}
