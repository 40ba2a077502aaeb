/* What an input is, told by its content. */
#ifndef KIND_H
#define KIND_H

#include <stdbool.h>
#include <stddef.h>

enum kind {
	KIND_UNKNOWN,
	KIND_BITCODE, /* raw, or in a wrapper (0x0B17C0DE) */
	KIND_IR,      /* textual LLVM IR */
	KIND_OBJECT,  /* ELF or Mach-O */
	KIND_ARCHIVE, /* ar */
	KIND_THIN_ARCHIVE,
	KIND_STREAM /* of modules: a tar from bpf-extract */
};

/* The kind of size bytes of data, KIND_UNKNOWN where it is none of these. */
enum kind kind_of(const void *data, size_t size);

#endif
