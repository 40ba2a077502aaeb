/* Types that several files have. clang writes each file's structs as distinct nodes, which LLVM's
 * linker leaves apart: BTF would have a struct of a header once for each file that includes it, and
 * the kernel takes these for different types. */
#ifndef UNIFY_H
#define UNIFY_H

#include "metadata.h"
#include <stdbool.h>
#include <stddef.h>

/* Has equal types be one node, in all that the nodes reached and the module's CO-RE relocations
 * refer to, where two or more of the units may have such, which those of Rust may not. A
 * declaration is as the definition, where all definitions of its name are equal. Types among the
 * first count nodes that BTF only names are as declarations: they have lost their members, or, when
 * keeps_all, stay as they are, but what leads to them is taken for equal. To be called after
 * put_replacements_in_place; what is no longer referred to is then not among the nodes. */
void unify_types(const struct values *units, size_t count, bool keeps_all);

#endif
