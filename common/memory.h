/* Allocation that fails() when memory runs out. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* As in the C library; what they return is for the caller to free. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* The argument, which a library has allocated: fails where it is NULL. */
void *xchecked(void *memory);

/* A stream that writes to memory, as open_memstream gives it; its text is whole, and for the caller
 * to free, once it is closed. */
FILE *xopen_memstream(char **text, size_t *size);
void xclose_memstream(FILE *stream);

#endif
