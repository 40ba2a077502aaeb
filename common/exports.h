/* Which symbols stay visible: --export, --export-symbols, --disable-memory-builtins. */
#ifndef EXPORTS_H
#define EXPORTS_H

#include "map.h"
#include "memory-intrinsics.h"
#include "options.h"

extern const struct option_spec export_options[];

/* The names that the user gave, in order. Valid after exports_read. */
extern struct map exports;

/* Whether the user said at all what to export. When not, what has default visibility is. */
extern bool exports_given;

/* Whether the memory builtins (memory-intrinsics.h) are kept for the calls that code generation
 * adds. */
extern bool keep_memory_builtins;

/* Reads the files of --export-symbols: a name each line; blank lines and lines that begin with `#`
 * do not count. Fails on a file that cannot be read. */
void exports_read(void);

/* Whether the user gave the name. */
bool is_exported(const char *name);

/* Forgets what exports_read has read. */
void exports_reset(void);

#endif
