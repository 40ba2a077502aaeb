/* Where in the source something is. */
#ifndef LOCATION_H
#define LOCATION_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* The name of the scope's file, "" where it has none. scope may be NULL. */
const char *location_file(LLVMMetadataRef scope);

/* Whether the scope is not in source of the user's own: of compilers' libraries, crates that cargo
 * has brought, headers of the system, and what bpf-linker brings; or has no file. */
bool location_is_in_library(LLVMMetadataRef scope);

/* The location itself, or the next that it was inlined into which is in source of the user's own;
 * NULL where there is none. location may be NULL. */
LLVMMetadataRef location_find_users(LLVMMetadataRef location);

/* The file and line of that location, as in `src/main.rs:12`, for the caller to free; or NULL. */
char *location_of_user(LLVMMetadataRef location);

/* Which module messages are about; it still says where its debug info was dropped. */
void location_set_module(LLVMModuleRef module);

/* What to add to a message that has no line. */
const char *location_hint(void);

#endif
