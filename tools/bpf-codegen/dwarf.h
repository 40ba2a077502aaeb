/* Taking DWARF out of an object, as `strip --strip-debug` does. */
#ifndef DWARF_H
#define DWARF_H

#include <stddef.h>

/* Makes a copy of the object, an ELF64 relocatable file as LLVM writes it, without the sections
 * .debug_*, their relocations and their symbols. *size is the object's, and becomes the copy's. The
 * copy is the caller's to free. ELF: https://gabi.xinuos.com */
unsigned char *dwarf_drop(const unsigned char *object, size_t *size);

#endif
