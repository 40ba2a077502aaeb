/* Symbols of Rust and C++. */
#include "demangle.h"
#include "harness.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

void fuzz(const unsigned char *data, size_t size)
{
	char *symbol = xstrndup((const char *)data, size), *path = demangle(symbol);

	EXPECT(!path || *path);
	free(path);
	path = demangle_or_copy(symbol);
	EXPECT(*path || !*symbol);
	free(path);
	free(symbol);
}
