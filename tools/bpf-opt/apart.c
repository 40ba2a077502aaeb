#include "apart.h"
#include "asm-text.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <stddef.h>
#include <string.h>

/* One with `${:uid}`, which is %= in C, has another name in each place. */
static void find_label(const struct asm_word *word, void *has_label)
{
	static const char unique[] = "${:uid}";

	if ((word->role == ASM_LABEL || word->role == ASM_MACRO) &&
	    !memmem(word->text, word->length, unique, strlen(unique)))
		*(bool *)has_label = true;
}

static bool is_bound(LLVMValueRef instruction)
{
	LLVMValueRef called = LLVMIsACallInst(instruction) || LLVMIsACallBrInst(instruction)
				  ? LLVMGetCalledValue(instruction)
				  : NULL;
	bool has_label = false;

	if (called && LLVMIsAInlineAsm(called)) {
		asm_each_word(asm_text_of(called), find_label, &has_label);
		return has_label;
	}
	return called && helper_number(called) == HELPER_TAIL_CALL;
}

bool stays_apart(LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (is_bound(instruction))
				return true;
	return false;
}
