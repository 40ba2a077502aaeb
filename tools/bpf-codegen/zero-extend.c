#include "zero-extend.h"
#include "memory.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

static LLVMTypeRef word;

static bool has_small_registers(LLVMTargetMachineRef machine)
{
	char *cpu = xchecked(LLVMGetTargetMachineCPU(machine));
	char *features = xchecked(LLVMGetTargetMachineFeatureString(machine));
	bool result = strstr(features, "+alu32") ||
		      (cpu_age(cpu) >= cpu_age("v3") && !strstr(features, "-alu32"));

	LLVMDisposeMessage(cpu);
	LLVMDisposeMessage(features);
	return result;
}

static bool is_extension(LLVMValueRef user)
{
	return LLVMIsAZExtInst(user) && LLVMTypeOf(user) == word;
}

static bool is_comparison(LLVMValueRef user)
{
	if (!LLVMIsAICmpInst(user))
		return false;
	LLVMIntPredicate predicate = LLVMGetICmpPredicate(user);
	return predicate < LLVMIntSGT || predicate > LLVMIntSLE;
}

/* The extensions and comparisons of the value; none where all are in one block, in which LLVM
 * shares the extension by itself. For the caller to free. */
static struct values find_parted_users(LLVMValueRef value)
{
	bool any_extension = false, any_comparison = false, parted = false;
	struct values users = {0};

	for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (!is_extension(user) && !is_comparison(user))
			continue;
		/* what compares the value to itself has two uses */
		if (is_comparison(user) && LLVMGetOperand(user, 0) == value &&
		    LLVMGetOperandUse(user, 1) == use)
			continue;
		any_extension |= is_extension(user);
		any_comparison |= is_comparison(user);
		parted |= users.count && LLVMGetInstructionParent(user) !=
					     LLVMGetInstructionParent(users.items[0]);
		add_value(&users, user);
	}
	if (!any_extension || !any_comparison || !parted)
		users.count = 0;
	return users;
}

static void replace(LLVMValueRef old, LLVMValueRef new)
{
	LLVMReplaceAllUsesWith(old, new);
	LLVMInstructionEraseFromParent(old);
}

static LLVMValueRef compare(
    LLVMBuilderRef builder, LLVMValueRef comparison, LLVMValueRef value, LLVMValueRef extension)
{
	LLVMValueRef operands[2];

	LLVMPositionBuilderBefore(builder, comparison);
	LLVMSetCurrentDebugLocation2(builder, LLVMInstructionGetDebugLoc(comparison));
	for (unsigned i = 0; i < 2; i++) {
		LLVMValueRef operand = LLVMGetOperand(comparison, i);
		operands[i] =
		    operand == value ? extension : LLVMBuildZExt(builder, operand, word, "");
	}
	return LLVMBuildICmp(
	    builder, LLVMGetICmpPredicate(comparison), operands[0], operands[1], "");
}

/* before: where the value is known first. */
static void extend(LLVMBuilderRef builder, LLVMValueRef value, LLVMValueRef before)
{
	struct values users = find_parted_users(value);

	if (users.count) {
		LLVMPositionBuilderBefore(builder, before);
		LLVMSetCurrentDebugLocation2(builder, NULL);
		LLVMValueRef extension = LLVMBuildZExt(builder, value, word, "");
		for (size_t i = 0; i < users.count; i++)
			replace(users.items[i],
			    is_extension(users.items[i])
				? extension
				: compare(builder, users.items[i], value, extension));
	}
	free(users.items);
}

static bool is_small(LLVMValueRef value)
{
	LLVMTypeRef type = LLVMTypeOf(value);

	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) > 1 &&
	       LLVMGetIntTypeWidth(type) <= 32;
}

static LLVMValueRef after_phis(LLVMBasicBlockRef block)
{
	LLVMValueRef instruction = LLVMGetFirstInstruction(block);

	while (LLVMIsAPHINode(instruction) || LLVMIsAAllocaInst(instruction))
		instruction = LLVMGetNextInstruction(instruction);
	return instruction;
}

static void extend_in(LLVMBuilderRef builder, LLVMValueRef function)
{
	for (unsigned i = 0; i < LLVMCountParams(function); i++) {
		LLVMValueRef value = LLVMGetParam(function, i);
		if (is_small(value))
			extend(builder, value, after_phis(LLVMGetEntryBasicBlock(function)));
	}
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef value = LLVMGetFirstInstruction(block); value;
		    value = LLVMGetNextInstruction(value))
			if (!LLVMIsATerminatorInst(value) && is_small(value))
				extend(builder, value,
				    LLVMIsAPHINode(value) ? after_phis(block)
							  : LLVMGetNextInstruction(value));
}

void zero_extend_once(LLVMModuleRef module, LLVMTargetMachineRef machine)
{
	if (has_small_registers(machine))
		return;
	word = LLVMInt64TypeInContext(LLVMGetModuleContext(module));
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (!LLVMIsDeclaration(function) && !origin_is_of_clang(function))
			extend_in(builder, function);
	LLVMDisposeBuilder(builder);
}
