/* The BPF target: its options, and LLVM's own. */
#ifndef TARGET_H
#define TARGET_H

#include "options.h"
#include <llvm-c/TargetMachine.h>

/* --target, --cpu, --cpu-features */
extern const struct option_spec target_options[];

/* --llvm-args, the switches that upstream maps to LLVM's, and --fatal-errors */
extern const struct option_spec llvm_options[];

/* --unroll-loops */
extern bool unroll_loops;

/* Makes LLVM ready and hands it its options: call it before the input is read, since it takes time
 * in which the stages before work. reads_stdin: a bad option is then reported only if no stage
 * before has failed, which had the same option perhaps. */
void target_start(bool reads_stdin);

/* How new the CPU of this name is: 0 for generic, more for those that came later. */
int cpu_age(const char *cpu);

/* Gives the module the target's triple and data layout and returns the machine. The triple is
 * --target's, else the module's when it is a BPF one, else `bpf`. CPU and features are those of the
 * options, else what the functions were compiled for (see origin.h). Call it once, before any pass.
 */
LLVMTargetMachineRef target_of(LLVMModuleRef module);

/* Warns of features that LLVM does not know, and says which of several CPUs was taken; call it
 * after target_of. */
void target_tell(void);

/* Whether a memcpy is to load and store in order: see memory_expand. Call it after target_start. */
bool target_copies_in_order(void);

/* Whether the user has told LLVM, which from 23 on can be, to call functions of a run-time library
 * where BPF has no instruction: --bpf-allows-libcalls. */
bool target_allows_library_calls(void);

#endif
