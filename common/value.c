#include "value.h"
#include <llvm-c/Core.h>
#include <stddef.h>

const char *value_name(LLVMValueRef value)
{
	size_t length;

	return LLVMGetValueName2(value, &length);
}

unsigned helper_number(LLVMValueRef called)
{
	LLVMValueRef number =
	    LLVMIsAConstantExpr(called) && LLVMGetConstOpcode(called) == LLVMIntToPtr
		? LLVMGetOperand(called, 0)
		: NULL;

	return number && LLVMIsAConstantInt(number) ? LLVMConstIntGetZExtValue(number) : 0;
}

LLVMValueRef defined_callee(LLVMValueRef instruction)
{
	LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;

	return callee && LLVMIsAFunction(callee) && !LLVMIsDeclaration(callee) ? callee : NULL;
}
