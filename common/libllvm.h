/* Where LLVM is. The tools of a toolset have it linked in, and nothing is to be done. Those of
 * llvm-any (LLVM_ANY) are made of the headers alone: each function of LLVM-C is a pointer, which is
 * looked up in a libLLVM when the program starts. */
#ifndef LIBLLVM_H
#define LIBLLVM_H

#include <stdbool.h>

#ifdef LLVM_ANY
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Object.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#ifndef DECLARATIONS_ONLY
#include "libllvm-functions.h" /* made by scripts/dev/libllvm-functions */
#endif
#endif

/* Loads the libLLVM that BPF_LINKER_LIBLLVM names, else the one that the program find-libllvm,
 * beside this one, names. Fails with a message where there is none that can be used; in silence
 * where a stage before has failed, whose output the program reads. */
void libllvm_load(bool reads_stdin);

/* LLVM's major version. */
unsigned libllvm_major(void);

/* LLVM's version, as in 22.1.8. */
const char *libllvm_version(void);

/* The file that was loaded; NULL where the program was linked with LLVM. */
const char *libllvm_path(void);

/* Whether LLVM is a part of the program: it is then the one that this was tested with. */
bool libllvm_is_linked_in(void);

/* Fails, for LLVM is another than what is known here: the reason follows its version. In silence
 * where the driver tries another LLVM, or where a stage before has failed. */
_Noreturn void libllvm_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether LLVM-C tells what is in a debug record: LLVMDbgVariableRecordGetVariable and its like. */
bool libllvm_has_debug_records(void);

#endif
