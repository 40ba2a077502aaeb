/* Two types of one name. LLVM names what it makes of an access by the type's name, and takes two
 * accesses of one name for one. */
#ifndef FLAVORS_H
#define FLAVORS_H

#include <llvm-c/Types.h>

/* Notes the types that the module's own accesses are of, as clang has left them. */
void flavors_note_module(LLVMModuleRef module);

/* Gives the type, a named one, a flavor of its name where another type with other members has that
 * name. */
void flavors_separate(LLVMValueRef type);

#endif
