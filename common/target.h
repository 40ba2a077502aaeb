/* The BPF target: its options, and LLVM's own. */
#ifndef TARGET_H
#define TARGET_H

#include "options.h"
#include <llvm-c/TargetMachine.h>

/* --target, --cpu, --cpu-features */
extern const struct option_spec target_options[];

/* --llvm-args, the switches that upstream maps to LLVM's, and --fatal-errors */
extern const struct option_spec llvm_options[];

/* Makes LLVM ready and hands it its options: call it before the input is read, since it takes time
 * in which the stages before work. reads_stdin: a bad option is then reported only if no stage
 * before has failed, which had the same option perhaps. */
void target_start(bool reads_stdin);

/* Warns of features that LLVM does not know; call it after target_start. */
void target_warn_of_features(void);

/* Gives the module the target's triple and data layout and returns the machine. The triple is
 * --target's, else the module's when it is a BPF one, else `bpf`. Call it once, before any pass. */
LLVMTargetMachineRef target_of(LLVMModuleRef module);

#endif
