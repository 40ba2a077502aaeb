/* Different structs of one name, of several files or of several functions of one. */
#ifndef SAME_NAMES_H
#define SAME_NAMES_H

/* Has LLVM know them apart: to it, a pointer or typedef that is a member of a struct means the
 * first of all structs and unions of that name. Each further one gets a name that goes on
 * after a NUL, which is the same name in BTF and DWARF, where a NUL ends a string. To be called
 * when types that are equal are one. lib/Target/BPF/BTFDebug.cpp of LLVM 21 to 23,
 * FixupDerivedTypes. */
void keep_structs_apart(void);

/* Has them all as they were, in a module that was linked before; to be called first. */
void forget_structs_apart(void);

#endif
