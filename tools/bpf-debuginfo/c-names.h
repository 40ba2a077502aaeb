/* C's names: identifiers, of which BTF takes no others, and types. */
#ifndef C_NAMES_H
#define C_NAMES_H

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stdint.h>

/* The kernel's KSYM_NAME_LEN, with the NUL at the end. */
enum { LONGEST_NAME = 127 };

bool is_identifier(const char *name);

/* A C identifier for the name, for the caller to free: each other byte becomes _HEX_, and one
 * that is too long is cut and ends in a hash of the whole name. */
char *sanitized(const char *name);

/* Makes the node's name, its operand at the index, one that C has; notes it of what it is. */
void sanitize_name(LLVMValueRef node, unsigned index, const char *what);

/* C's type of the encoding and size, as clang describes it; NULL when there is none. */
const char *name_in_c(const char *encoding, uint64_t bits);

/* Whether it is a name that clang gives to one of C's own types. */
bool is_name_in_c(const char *name);

/* How DWARF encodes C's type of the name. */
LLVMDWARFTypeEncoding encoding_of_c(const char *name);

#endif
