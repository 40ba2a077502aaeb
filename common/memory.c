#include "memory.h"
#include "resource-limits.h"
#include "message.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *xchecked(void *memory)
{
	const char *subject = message_subject;

	if (!memory)
		fail("%s%s%s", subject ? subject : "", subject ? ": " : "", limits_memory_text());
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return xchecked(calloc(count, size));
}

void *xrealloc(void *old, size_t size)
{
	return xchecked(realloc(old, size));
}

char *xstrdup(const char *text)
{
	return xchecked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return xchecked(strndup(text, length));
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	return text;
}

char *xvasprintf(const char *format, va_list arguments)
{
	char *text;
	int length = vasprintf(&text, format, arguments);

	return xchecked(length < 0 ? NULL : text);
}

FILE *xopen_memstream(char **text, size_t *size)
{
	return xchecked(open_memstream(text, size));
}

void xclose_memstream(FILE *stream)
{
	bool failed = ferror(stream);

	if (fclose(stream) || failed)
		xchecked(NULL);
}
