#include "apart.h"
#include "value.h"
#include <ctype.h>
#include <llvm-c/Core.h>
#include <stddef.h>

static bool is_of_name(char character)
{
	return isalnum((unsigned char)character) || character == '_' || character == '.' ||
	       character == '$';
}

/* Whether a statement begins with `NAME:`; that of a number may be there several times, and one
 * with `${:uid}`, which is %= in C, has another name in each. */
static bool has_label(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		while (i < size && isspace((unsigned char)text[i]))
			i++;
		size_t from = i;
		while (i < size && is_of_name(text[i]))
			i++;
		if (i > from && i < size && text[i] == ':' && !isdigit((unsigned char)text[from]))
			return true;
		while (i < size && text[i] != ';' && text[i] != '\n')
			i++;
	}
	return false;
}

static bool is_bound(LLVMValueRef instruction)
{
	LLVMValueRef called = LLVMIsACallInst(instruction) || LLVMIsACallBrInst(instruction)
				  ? LLVMGetCalledValue(instruction)
				  : NULL;
	size_t size;

	if (called && LLVMIsAInlineAsm(called)) {
		const char *text = LLVMGetInlineAsmAsmString(called, &size);
		return has_label(text, size);
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
