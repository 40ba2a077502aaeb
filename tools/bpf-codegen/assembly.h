/* What code generation says of inline assembly, in words about the user's own source. */
#ifndef ASSEMBLY_H
#define ASSEMBLY_H

#include <llvm-c/Types.h>

/* Says an error diagnostic about inline assembly anew: which function of the user's own has it, in
 * which file and line. Returns NULL where no instruction of the module is known for it, "" where
 * the same was said before, follows from what was, or is one of too many. For the caller to free.
 */
char *assembly_reword(LLVMModuleRef module, const char *diagnostic);

#endif
