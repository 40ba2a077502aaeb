#include "stack.h"
#include "map.h"
#include "memory.h"
#include "stack-size.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdint.h>
#include <string.h>

enum {
	SPARE = 64,           /* bytes for registers that are saved on the stack */
	MOST_BYTES = 1 << 20, /* more are all the same */
	MOST_DEPTH = 32,      /* of calls that may be inlined into one another */
	MOST_STEPS = 1 << 26, /* over all functions; what is not looked at is not in use */
};

struct frame {
	size_t bytes;        /* of its own variables */
	size_t with_inlined; /* and of what may be inlined */
	bool is_known;
	struct map in_use; /* by call: so many bytes of its own, as uintptr_t */
};

static struct map frames = {.kind = MAP_OF_POINTERS};
static size_t steps;

static size_t at_most(size_t bytes)
{
	return bytes < MOST_BYTES ? bytes : MOST_BYTES;
}

static size_t size_of(LLVMValueRef variable)
{
	LLVMModuleRef module =
	    LLVMGetGlobalParent(LLVMGetBasicBlockParent(LLVMGetInstructionParent(variable)));
	LLVMTypeRef type = LLVMGetAllocatedType(variable);
	LLVMValueRef count = LLVMIsAConstantInt(LLVMGetOperand(variable, 0));

	if (!count || !LLVMTypeIsSized(type))
		return MOST_BYTES;
	size_t size = at_most(LLVMABISizeOfType(LLVMGetModuleDataLayout(module), type));
	return at_most(size * at_most(LLVMConstIntGetZExtValue(count)));
}

static bool is_marker(LLVMValueRef instruction, const char *name, LLVMValueRef variable)
{
	LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
	unsigned arguments = called ? LLVMGetNumArgOperands(instruction) : 0;

	return arguments && LLVMIsAFunction(called) &&
	       !strncmp(value_name(called), name, strlen(name)) &&
	       LLVMGetOperand(instruction, arguments - 1) == variable;
}

static bool is_start(LLVMValueRef instruction, LLVMValueRef variable)
{
	return is_marker(instruction, "llvm.lifetime.start", variable);
}

/* Where the variable is in use from some instruction on. */
struct walk {
	struct frame *frame;
	LLVMValueRef variable;
	struct map calls; /* that were met */
	struct map seen;  /* blocks, and in the order in which they came */
};

/* Adds the calls from the instruction to the end of its block, or of the variable's use. */
static void walk_block(struct walk *walk, LLVMBasicBlockRef block, LLVMValueRef instruction)
{
	for (; instruction && steps < MOST_STEPS;
	    instruction = LLVMGetNextInstruction(instruction)) {
		steps++;
		if (is_marker(instruction, "llvm.lifetime.end", walk->variable))
			return;
		if (!LLVMIsACallInst(instruction) || !map_add(&walk->calls, instruction))
			continue;
		void **bytes = map_insert(&walk->frame->in_use, instruction);
		*bytes = (void *)(uintptr_t)at_most((uintptr_t)*bytes + size_of(walk->variable));
	}
	LLVMValueRef last = instruction ? NULL : LLVMGetBasicBlockTerminator(block);
	for (unsigned i = 0; last && i < LLVMGetNumSuccessors(last); i++)
		map_add(&walk->seen, LLVMGetSuccessor(last, i));
}

static void walk_from(struct walk *walk, LLVMValueRef instruction)
{
	size_t done = walk->seen.count;

	walk_block(
	    walk, LLVMGetInstructionParent(instruction), LLVMGetNextInstruction(instruction));
	for (; done < walk->seen.count; done++) {
		LLVMBasicBlockRef block = (LLVMBasicBlockRef)walk->seen.items[done].key;
		walk_block(walk, block, LLVMGetFirstInstruction(block));
	}
}

static void add_variable(struct frame *frame, LLVMValueRef variable)
{
	struct walk walk = {.frame = frame, .variable = variable};
	bool has_start = false;

	frame->bytes = at_most(frame->bytes + size_of(variable));
	for (LLVMUseRef use = LLVMGetFirstUse(variable); use; use = LLVMGetNextUse(use))
		if (is_start(LLVMGetUser(use), variable)) {
			has_start = true;
			walk_from(&walk, LLVMGetUser(use));
		}
	if (!has_start && LLVMGetFirstUse(variable))
		walk_from(&walk, variable);
}

static struct frame *frame_of(LLVMValueRef function)
{
	struct frame *frame = map_get(&frames, function);

	if (frame)
		return frame;
	frame = xcalloc(1, sizeof *frame);
	*map_insert(&frames, function) = frame;
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (LLVMIsAAllocaInst(instruction))
				add_variable(frame, instruction);
	return frame;
}

static size_t bytes_in_use(struct frame *frame, LLVMValueRef call)
{
	return (uintptr_t)map_get(&frame->in_use, call);
}

/* The bytes of the function with what may be inlined into it, where that fits. */
static size_t bytes_with_inlined(LLVMValueRef function, unsigned depth,
    bool (*may_inline)(LLVMValueRef caller, LLVMValueRef callee))
{
	struct frame *frame = frame_of(function);

	if (frame->is_known || depth > MOST_DEPTH)
		return frame->is_known ? frame->with_inlined : frame->bytes;
	frame->is_known = true; /* for calls of itself */
	frame->with_inlined = frame->bytes;
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef call = LLVMGetFirstInstruction(block); call;
		    call = LLVMGetNextInstruction(call)) {
			LLVMValueRef callee = defined_callee(call);
			if (!callee || !may_inline(function, callee))
				continue;
			size_t bytes = bytes_in_use(frame, call) +
				       bytes_with_inlined(callee, depth + 1, may_inline);
			if (bytes <= MOST_STACK - SPARE && bytes > frame->with_inlined)
				frame->with_inlined = bytes;
		}
	return frame->with_inlined;
}

bool stack_forbids_inlining(
    LLVMValueRef call, bool (*may_inline)(LLVMValueRef caller, LLVMValueRef callee))
{
	LLVMValueRef caller = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
	size_t in_use = bytes_in_use(frame_of(caller), call);

	return in_use && in_use + bytes_with_inlined(LLVMGetCalledValue(call), 0, may_inline) >
			     MOST_STACK - SPARE;
}
