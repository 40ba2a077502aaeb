#include "integer-expand.h"
#include "array.h"
#include "integers.h"
#include "multiply-expand.h"
#include "shift-expand.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>

static const struct {
	bool (*is_wide)(LLVMValueRef instruction);
	LLVMValueRef (*expand)(LLVMValueRef instruction);
} expansions[] = {{multiply_is_wide, multiply_expand}, {shift_is_wide, shift_expand}};

static struct {
	ARRAY(LLVMValueRef);
} found;

static void find_in(LLVMValueRef function, bool (*is_wide)(LLVMValueRef instruction))
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (is_wide(instruction))
				array_add(&found, instruction);
}

static void expand_each(LLVMValueRef (*expand)(LLVMValueRef instruction))
{
	for (size_t i = 0; i < found.count; i++) {
		LLVMPositionBuilderBefore(integer_builder, found.items[i]);
		LLVMSetCurrentDebugLocation2(
		    integer_builder, LLVMInstructionGetDebugLoc(found.items[i]));
		LLVMReplaceAllUsesWith(found.items[i], expand(found.items[i]));
		LLVMInstructionEraseFromParent(found.items[i]);
	}
}

void integer_expand(LLVMModuleRef module)
{
	integer_builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
	for (size_t i = 0; i < sizeof expansions / sizeof *expansions; i++) {
		found.count = 0;
		for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
		    function = LLVMGetNextFunction(function))
			find_in(function, expansions[i].is_wide);
		expand_each(expansions[i].expand);
	}
	LLVMDisposeBuilder(integer_builder);
	free(found.items);
}
