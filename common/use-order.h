/* The order in which the uses of a value stand. Passes of LLVM's go by it, so that the code may
 * depend on it. */
#ifndef USE_ORDER_H
#define USE_ORDER_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* Brings the uses in the bodies of functions into the order that they have once the module has been
 * written as bitcode and read. The reader puts a use before those that are there already; one that
 * comes before the instruction it uses is a placeholder's until that is read, and moved then, the
 * last one first. Uses by constants stay where they are, after the others.
 * Reference: lib/Bitcode/Reader/BitcodeReader.cpp, getValueFwdRef and assignValue. */
void use_order_as_read(LLVMModuleRef module);

/* Whether use_order_as_read restores the order of a global's uses in whole: no more than one
 * constant uses it, and one which is read before all instructions are. */
bool use_order_is_restorable(LLVMValueRef global);

#endif
