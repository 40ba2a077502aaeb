/* Nodes made anew. LLVM-C can change the operands of a node, but neither its flags nor
 * its tag: such a node is made anew, of its own text, which says all there is to know of it. */
#ifndef TEXT_H
#define TEXT_H

#include <llvm-c/Types.h>
#include <stddef.h>

/* A part of a node's text, and what takes its place. */
struct edit {
	const char *from, *to;
};

/* Has the node replaced by one whose text is changed: each edit where it first applies. Fails where
 * one does not. */
void remake_with(LLVMValueRef node, const struct edit *edits, size_t count);
void remake(LLVMValueRef node, const char *from, const char *to);

/* Makes the nodes; to be called once. */
void parse_remade(void);

#endif
