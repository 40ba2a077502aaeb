/* The path of a member: where it leads through a type. */
#ifndef PATH_H
#define PATH_H

#include "array.h"
#include "marker.h"
#include <llvm-c/Types.h>
#include <stdint.h>

/* One number of a relocation's access string: the index of a member, or of an element. */
struct step {
	LLVMValueRef type; /* the struct, union or array; a typedef where that is without a name */
	unsigned index;
};

struct access {
	ARRAY(struct step);
	LLVMValueRef type; /* of what is accessed */
	uint64_t bits;     /* its size */
};

/* Follows the marker's path from the type on. Arrays of arrays on the way become one array of more
 * ranges, which LLVM knows as clang makes them; the members of that type become ones of the new
 * type. Where the path is wrong, says so, and returns false. */
bool access_find(
    struct marker *marker, LLVMDIBuilderRef builder, LLVMValueRef type, struct access *access);

/* Finds the enumerator that the marker's path is, and its value. The same. */
bool enumerator_find(struct marker *marker, LLVMValueRef type, char **name, int64_t *value);

#endif
