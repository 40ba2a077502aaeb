/* What LLVM prints of a node of debug info. LLVM-C has no other way to some of what a node says. */
#ifndef NODE_TEXT_H
#define NODE_TEXT_H

#include <llvm-c/Types.h>

/* The node's text from its `!DI` on, without the address or the number that stands before. For the
 * caller to free. Fails where there is no such text. */
char *node_text(LLVMValueRef node);

/* What the text says of the field, as `FullDebug` of emissionKind; NULL where it has no such field.
 * For the caller to free. */
char *node_field(LLVMValueRef node, const char *field);

/* The first occurrence of part in a node's text, outside of strings; NULL where there is none. */
char *find_in_node(char *text, const char *part);

#endif
