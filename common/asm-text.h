/* The text of assembly, as LLVM's assembler takes it apart: which of its words are symbols. */
#ifndef ASM_TEXT_H
#define ASM_TEXT_H

#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stddef.h>

struct asm_text {
	const char *text;
	size_t size;
	bool is_inline; /* with operands: `$0`, `${1:l}`, and `$$` for a `$` */
};

struct asm_word {
	const char *text; /* as it stands there, without quotes */
	size_t length;
	enum asm_role {
		ASM_NONE, /* no symbol */
		ASM_REFERENCE,
		ASM_LABEL,
		ASM_DEFINITION, /* by a directive, as .set */
		ASM_GLOBAL,     /* a directive makes it one that other files see */
		ASM_MACRO,      /* .macro defines it */
		ASM_MNEMONIC,   /* of a statement: a directive, an instruction, or a macro */
	} role;
	const char *name; /* as the object has it; NULL where it depends on operands */
};

/* The text of the called inline asm. */
struct asm_text asm_text_of(LLVMValueRef assembly);

/* The module's own. */
struct asm_text asm_text_of_module(LLVMModuleRef module);

/* Calls visit for each symbol and macro, and what may be one, in their order. Numbers as labels are
 * none; the word is valid during the call. */
void asm_each_word(
    struct asm_text text, void (*visit)(const struct asm_word *word, void *data), void *data);

#endif
