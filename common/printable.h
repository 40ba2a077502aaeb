/* Text of any origin, as it may be shown. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stddef.h>

/* Puts a `?` into text, of size bytes, for each character that a terminal would act on: control
 * characters but those in kept, and those that change the direction of what follows; and for each
 * byte that is not UTF-8. Returns the new size, which is not larger. Safe in a signal handler. */
size_t printable(char *text, size_t size, const char *kept);

/* The bytes of the character that text, of size bytes, begins with; 0 where printable puts a `?`.
 */
size_t printable_character(const char *text, size_t size);

#endif
