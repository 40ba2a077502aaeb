#include "byte-order.h"
#include <llvm-c/Core.h>
#include <string.h>

static bool begins_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool names_big_endian(const char *triple)
{
	return begins_with(triple, "bpfeb") || begins_with(triple, "bpf_be");
}

static bool names_little_endian(const char *triple)
{
	return begins_with(triple, "bpfel") || begins_with(triple, "bpf_le");
}

bool is_bpf_triple(const char *triple)
{
	return begins_with(triple, "bpf");
}

bool is_big_endian_triple(const char *triple)
{
	return names_big_endian(triple) || (HOST_IS_BIG_ENDIAN && !names_little_endian(triple));
}

bool is_big_endian_module(LLVMModuleRef module)
{
	const char *triple = LLVMGetTarget(module);
	const char *layout = LLVMGetDataLayoutStr(module);

	/* IR may come without a data layout; those of compilers begin with the byte order */
	if (!*layout || names_big_endian(triple) || names_little_endian(triple))
		return is_big_endian_triple(triple);
	return *layout == 'E';
}
