/* All that depends on the version of LLVM. */
#ifndef LLVM_VERSION_H
#define LLVM_VERSION_H

#include <llvm/Config/llvm-config.h>

/* Oldest to newest that this source is made for; GNUmakefile knows the same range. */
#if LLVM_VERSION_MAJOR < 21 || LLVM_VERSION_MAJOR > 23
#error "LLVM 21, 22 or 23 is needed"
#endif

#endif
