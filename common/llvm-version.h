/* What depends on the version of LLVM's headers stands here. */
#ifndef LLVM_VERSION_H
#define LLVM_VERSION_H

#include <llvm/Config/llvm-config.h>

/* Oldest to newest that this source is made for; scripts/dev/llvms.txt has the list. */
#if LLVM_VERSION_MAJOR < OLDEST_LLVM || LLVM_VERSION_MAJOR > NEWEST_LLVM
#error "this LLVM is none of those in scripts/dev/llvms.txt"
#endif

/* The headers declare LLVMDbgVariableRecordGetVariable and its like. */
#define DECLARES_DEBUG_RECORDS (LLVM_VERSION_MAJOR >= 22)

#endif
