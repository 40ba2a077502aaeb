#include "use-order.h"
#include "array.h"
#include "map.h"
#include <llvm-c/Core.h>
#include <stdint.h>

/* An operand of an instruction that comes before the one it uses. */
struct forward_use {
	LLVMValueRef user;
	unsigned operand;
	size_t earlier; /* of the same instruction: index plus one, 0 where there is none */
};

static struct {
	ARRAY(struct forward_use);
	struct map last; /* of an instruction: index plus one */
} forward;

/* Instructions that were reached, of those with several uses. */
static struct map reached;

static bool has_several_uses(LLVMValueRef value)
{
	LLVMUseRef first = LLVMGetFirstUse(value);

	return first && LLVMGetNextUse(first);
}

static void add_forward_use(LLVMValueRef used, LLVMValueRef user, unsigned operand)
{
	void **last = map_insert(&forward.last, used);

	array_add(&forward, (struct forward_use){user, operand, (uintptr_t)*last});
	*last = (void *)(uintptr_t)forward.count;
}

/* Puts the use before the others. */
static void add_use(LLVMValueRef user, unsigned operand)
{
	LLVMValueRef used = LLVMGetOperand(user, operand);

	if (!used || !has_several_uses(used))
		return;
	if (LLVMIsAInstruction(used) && !map_has(&reached, used))
		add_forward_use(used, user, operand);
	else
		LLVMSetOperand(user, operand, used);
}

static void reach(LLVMValueRef instruction)
{
	if (!has_several_uses(instruction))
		return;
	map_add(&reached, instruction);
	for (size_t i = (uintptr_t)map_get(&forward.last, instruction); i;
	    i = forward.items[i - 1].earlier)
		LLVMSetOperand(
		    forward.items[i - 1].user, forward.items[i - 1].operand, instruction);
}

void use_order_as_read(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
		    block = LLVMGetNextBasicBlock(block))
			for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
			    instruction = LLVMGetNextInstruction(instruction)) {
				int count = LLVMGetNumOperands(instruction);
				for (int i = 0; i < count; i++)
					add_use(instruction, i);
				reach(instruction);
			}
	map_clear(&reached);
	map_clear(&forward.last);
	forward.count = 0;
}
