/* One zero extension of a value for all who need it, where there are no 32-bit registers. LLVM
 * extends a value anew in each block: the verifier then knows the bounds that were compared of one
 * copy, and the index of an array is another. clang's functions stay as they are. */
#ifndef ZERO_EXTEND_H
#define ZERO_EXTEND_H

#include <llvm-c/TargetMachine.h>

/* Puts an extension to 64 bits beside each value that is compared in one block and extended in
 * another, and has it compared and used. Does nothing where the machine has 32-bit registers. */
void zero_extend_once(LLVMModuleRef module, LLVMTargetMachineRef machine);

#endif
