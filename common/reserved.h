/* The names of what stages add to a module, which no input may have. */
#ifndef RESERVED_H
#define RESERVED_H

#define NORETURN_END_NAME "bpf-linker-end" /* a declared function, see noreturn.h */
#define NOTES_NAME "llvm.bpf-linker-notes" /* a variable that nothing refers to, see notes.h */
#define ORDER_NAME "llvm.bpf-linker-order" /* a variable, while bpf-merge links */

#endif
