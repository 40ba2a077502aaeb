/* What LLVM-C says of a value in more than one step. */
#ifndef VALUE_H
#define VALUE_H

#include <llvm-c/Types.h>

/* A symbol's name; not terminated at embedded NULs, and valid as long as the value is not renamed.
 */
const char *value_name(LLVMValueRef value);

#endif
