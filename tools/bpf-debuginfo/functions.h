/* Functions and global variables: those without debug info get some, and that of the others is made
 * fit for BTF. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include <llvm-c/Types.h>

/* Gives debug info to the functions and variables of the module that need some in BTF, of the
 * compile unit; and locations to calls. */
void give_debug_info(LLVMValueRef unit);

/* Gives a name to each parameter of the functions reached, and reaches what is new. */
void fit_parameters(void);

/* Has the debug info of the functions reached say which of them are static: BTF tells them from
 * global ones, which the kernel verifies on their own. */
void fit_linkage(void);

/* Drops the debug info of variables that have no size, and so their BTF: kernels refuse a section's
 * entry of none, and all BTF with it. */
void drop_empty_variables(void);

#endif
