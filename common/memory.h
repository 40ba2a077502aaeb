/* Allocation that fails() when memory runs out. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define NEVER_NULL __attribute__((returns_nonnull))

/* As in the C library; what they return is for the caller to free. */
NEVER_NULL void *xcalloc(size_t count, size_t size);
NEVER_NULL void *xrealloc(void *old, size_t size);
NEVER_NULL char *xstrdup(const char *text);
NEVER_NULL char *xstrndup(const char *text, size_t length);
NEVER_NULL char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
NEVER_NULL char *xvasprintf(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

/* The argument, which a library has allocated: fails where it is NULL. */
NEVER_NULL void *xchecked(void *memory);

/* A stream that writes to memory, as open_memstream gives it; its text is whole, and for the caller
 * to free, once it is closed. */
FILE *xopen_memstream(char **text, size_t *size);
void xclose_memstream(FILE *stream);

#endif
