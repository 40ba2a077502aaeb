/* The link map: what is in the output, where, of which input; and what is not. */
#ifndef LINK_MAP_H
#define LINK_MAP_H

#include "output.h"
#include <llvm-c/Types.h>

/* Takes the notes of the stages before out of the module: see notes.h. To be called before code is
 * generated. */
void link_map_take_notes(LLVMModuleRef module);

/* Gathers what there is to say of the module, and of the object that was made of it: ELF64 as LLVM
 * writes it, or NULL where the output is none. */
void link_map_gather(LLVMModuleRef module, const void *object);

/* Writes the map: a line for each thing, in columns. */
void link_map_write(struct output *output);

/* Prints for --why what has become of symbols that were linked and that the output does not have.
 */
void link_map_explain(void);

#endif
