/* Structs that BTF only names. LLVM declares those last, in the order of their addresses, which
 * depends on all that was allocated before; what is a declaration already comes where it is met. So
 * the same types become the same bytes, whatever else has run in the process. */
#ifndef DECLARED_H
#define DECLARED_H

#include <stddef.h>

/* Has structs and unions among the first count nodes, those that were reached, replaced by a
 * forward declaration where BTF gets no more of them, and no other of that name. To be called after
 * parse_remade. */
void declare_named_only(size_t count);

#endif
