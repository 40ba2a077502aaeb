/* The byte order that a module was compiled for. The triple `bpf` leaves it open: to LLVM it is
 * that of the machine which LLVM runs on, while modules come from other machines too. */
#ifndef BYTE_ORDER_H
#define BYTE_ORDER_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* The machine that this runs on. */
enum { HOST_IS_BIG_ENDIAN = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

bool is_bpf_triple(const char *triple);
bool is_big_endian_triple(const char *triple);
bool is_big_endian_module(LLVMModuleRef module);

#endif
