/* What depends on the version of LLVM's headers stands here. */
#ifndef LLVM_VERSION_H
#define LLVM_VERSION_H

#include <llvm/Config/llvm-config.h>

/* Oldest to newest that this source is made for; GNUmakefile has the list. */
#if LLVM_VERSION_MAJOR < 21 || LLVM_VERSION_MAJOR > 23
#error "LLVM 21, 22 or 23 is needed"
#endif

/* The headers declare LLVMDbgVariableRecordGetVariable and its like. */
#define DECLARES_DEBUG_RECORDS (LLVM_VERSION_MAJOR >= 22)

#endif
