/* What a program has that does not load without BTF. */
#ifndef BTF_NEED_H
#define BTF_NEED_H

#include <llvm-c/Types.h>
#include <stdbool.h>

/* What the function or variable is that loaders, or the kernel, look up in BTF: `map` of .maps,
 * `kernel symbol` and so on; NULL where it does without. Maps of the section maps do. */
const char *btf_need(LLVMValueRef global);

/* The text of which there is some in each module that has declaration tags. */
extern const char btf_tag_name[];

/* Whether the function or variable, of a module that has its debug info, has a declaration tag:
 * BTF is all that holds it. */
bool btf_has_tag(LLVMValueRef global);

#endif
