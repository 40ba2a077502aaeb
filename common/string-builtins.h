/* strlen and its like, which bpf-codegen brings for programs that call them. */
#ifndef STRING_BUILTINS_H
#define STRING_BUILTINS_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* All that there are, up to one without a name; each takes a pointer first. */
extern const struct string_builtin {
	const char *name;
	unsigned parameters;
} string_builtins[];

/* Whether there is one of the function's name and parameters, and the function is not one of the
 * kernel's. */
bool is_string_builtin(LLVMValueRef function);

#endif
