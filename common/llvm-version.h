/* What depends on the version of LLVM stands here. */
#ifndef LLVM_VERSION_H
#define LLVM_VERSION_H

#include <llvm/Config/llvm-config.h>

/* Oldest to newest that this source is made for; GNUmakefile offers those that are tested. */
#if LLVM_VERSION_MAJOR < 21 || LLVM_VERSION_MAJOR > 23
#error "LLVM 21, 22 or 23 is needed"
#endif

/* LLVM-C tells what is in a debug record: LLVMDbgVariableRecordGetVariable and its like. */
#define HAS_DEBUG_RECORDS (LLVM_VERSION_MAJOR >= 22)

#endif
