/* Whether LLVM has debug info as it is known here: nobody has seen the one that a user has. */
#ifndef METADATA_CHECK_H
#define METADATA_CHECK_H

/* To be called once by each tool that reads debug info, before it does; in metadata_context. Fails
 * where the operands of nodes have other indexes than those in metadata.h, or node-text.h does not
 * find what it should. Does nothing where LLVM is linked in, and cannot have changed. */
void metadata_check(void);

/* The same for --version, in a context of its own; wherever LLVM is. */
void metadata_check_for_version(void);

#endif
