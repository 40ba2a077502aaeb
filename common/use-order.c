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

/* When the reader makes a constant: with the variables and aliases, before function bodies, or with
 * those; or not at all, since nothing needs it. */
enum constant_time { NEVER, LATER, FIRST };

/* How many users are looked at until it is given up: nothing depends on them all. */
enum { MOST_USERS = 1000 };

static enum constant_time time_of(LLVMValueRef constant, unsigned *users_left)
{
	enum constant_time time = NEVER;

	for (LLVMUseRef use = LLVMGetFirstUse(constant); use && time < FIRST;
	    use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (!*users_left)
			return LATER;
		--*users_left;
		enum constant_time own = LLVMIsAInstruction(user)   ? LATER
					 : LLVMIsAGlobalValue(user) ? FIRST
								    : time_of(user, users_left);
		if (own > time)
			time = own;
	}
	return time;
}

/* Of a local function, LLVM counts the uses by what nothing needs, too. */
static bool all_count(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return LLVMIsAFunction(global) &&
	       (linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage);
}

bool use_order_is_restorable(LLVMValueRef global)
{
	unsigned constants = 0, users_left = MOST_USERS;

	for (LLVMUseRef use = LLVMGetFirstUse(global); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		if (LLVMIsAInstruction(user))
			continue;
		enum constant_time time =
		    LLVMIsAGlobalValue(user) ? FIRST : time_of(user, &users_left);
		constants += time == FIRST;
		if (time == LATER || constants > 1 || (time == NEVER && all_count(global)))
			return false;
	}
	return true;
}
