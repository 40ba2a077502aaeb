/* The calls that are to become CO-RE relocations, by the name of the function that they call. */
#ifndef MARKER_H
#define MARKER_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* What is asked of: a member, a type, an enumerator, a declaration. */
enum subject { OF_FIELD, OF_TYPE, OF_TYPE_ID, OF_ENUMERATOR, OF_EXTERN };

/* flag: what LLVM's intrinsic of the subject takes for it, or an extern_flag. */
struct kind {
	const char *name;
	enum subject subject;
	unsigned flag;
	bool follows_pointers; /* on a member's path: the last one's pointee is where it begins */
};

/* The kinds whose subject is a field, by their flag. */
enum field_info {
	FIELD_BYTE_OFFSET,
	FIELD_BYTE_SIZE,
	FIELD_EXISTS,
	FIELD_SIGNED,
	FIELD_LSHIFT_U64,
	FIELD_RSHIFT_U64,
};

enum extern_flag { EXTERN_WEAK = 1, EXTERN_KCONFIG = 2 };

struct marker {
	LLVMValueRef function;
	const struct kind *kind;
	const char *path;  /* a member's, an enumerator's, a declaration's; "" of a type */
	const char *place; /* in the user's source; "" where the name has none */
	bool is_wrong;     /* an error was said of it */
};

/* Reads the function's name. Where it is wrong, says so. */
struct marker marker_read(LLVMValueRef function);

/* Says an error at the marker's place, the first of each marker alone. */
void marker_refuse(struct marker *marker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
