/* Which symbols stay visible: --export, --export-symbols, --disable-memory-builtins. */
#ifndef EXPORTS_H
#define EXPORTS_H

#include "names.h"
#include "options.h"

extern const struct option_spec export_options[];

/* The names that the user gave, in order. Valid after exports_read. */
extern struct names exports;

/* Whether the user said at all what to export. When not, what has default visibility is. */
extern bool exports_given;

/* Whether the memory builtins are kept for the calls that code generation adds. */
extern bool keep_memory_builtins;

/* Reads the files of --export-symbols: a name each line; blank lines and lines that begin with `#`
 * do not count. Fails on a file that cannot be read. */
void exports_read(void);

/* Whether the user gave the name. */
bool is_exported(const char *name);

/* memcpy, memmove, memset, memcmp and bcmp: LLVM calls them on its own. Ended by NULL. */
extern const char *const memory_builtins[];
bool is_memory_builtin(const char *name);

#endif
