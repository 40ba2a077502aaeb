/* The functions by which languages without clang's builtins ask for CO-RE relocations,
 * `__bpf_core.KIND:PATH@FILE:LINE:COLUMN`, of which bpf-core makes LLVM's intrinsics: bpf-core(7).
 */
#ifndef CORE_MARKER_H
#define CORE_MARKER_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* The start of their names. */
extern const char core_marker_prefix[];

/* Whether a symbol is named so. */
bool is_core_marker(const char *name);

/* Whether the module declares one. */
bool has_core_markers(LLVMModuleRef module);

/* Whether the path in a marker's name leads through pointers. */
bool core_marker_follows_pointers(const char *name);

/* The place in the source that the name has, as in src/main.rs:12:9; "" where it has none. For the
 * caller to free. */
char *core_marker_place(const char *name);

/* A flavor of a type's name, which loaders take for the name: they ignore the last ___ and what
 * follows. The number makes it another one. For the caller to free. */
char *core_flavor(const char *name, const char *number);

#endif
