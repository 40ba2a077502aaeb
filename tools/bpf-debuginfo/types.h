/* Types that BTF can have. */
#ifndef TYPES_H
#define TYPES_H

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Types.h>
#include <stdint.h>

/* A new type of C's. */
LLVMValueRef basic_type(const char *name, uint64_t bits, LLVMDWARFTypeEncoding encoding);

/* So many bytes of which nothing is known. */
LLVMValueRef bytes(uint64_t bits);

/* Makes the types that are reached fit, and the names of what else has one. */
void fit_nodes(void);

#endif
