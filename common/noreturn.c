#include "noreturn.h"
#include "message.h"
#include "module.h"
#include "origin.h"
#include "map.h"
#include "reserved.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <string.h>

#define FOR_EACH_FUNCTION(function, module) \
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function; \
	    function = LLVMGetNextFunction(function))
#define FOR_EACH_BLOCK(block, function) \
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; \
	    block = LLVMGetNextBasicBlock(block))
/* The body may erase the instruction. */
#define FOR_EACH_INSTRUCTION(instruction, block) \
	for (LLVMValueRef instruction = LLVMGetFirstInstruction(block), \
			  next = instruction ? LLVMGetNextInstruction(instruction) : NULL; \
	    instruction; instruction = next, next = next ? LLVMGetNextInstruction(next) : NULL)

static const char reason_attribute[] = "bpf-linker-noreturn";
static const char stays[] = "bpf-linker-stays"; /* and is not to be inlined */

static unsigned kind_of_attribute(const char *name)
{
	return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

static bool has(LLVMValueRef function, const char *name)
{
	return LLVMGetEnumAttributeAtIndex(
	    function, LLVMAttributeFunctionIndex, kind_of_attribute(name));
}

static LLVMAttributeRef attribute(LLVMContextRef context, const char *name)
{
	return LLVMCreateEnumAttribute(context, kind_of_attribute(name), 0);
}

static bool is_changed(LLVMValueRef function)
{
	return !LLVMIsDeclaration(function) && !origin_is_of_clang(function);
}

/* NULL where it is no call, or of no function. */
static LLVMValueRef callee_of(LLVMValueRef instruction)
{
	LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;

	return callee && LLVMIsAFunction(callee) ? callee : NULL;
}

static bool is_intrinsic(LLVMValueRef function, const char *name)
{
	return !strcmp(value_name(function), name);
}

/* --- Ends --- */

static LLVMValueRef end_function(LLVMModuleRef module)
{
	LLVMContextRef context = LLVMGetModuleContext(module);
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(context), NULL, 0, false);
	static const char *const attributes[] = {"noreturn", "nounwind", "cold", "nocallback"};
	LLVMValueRef function = LLVMGetNamedFunction(module, NORETURN_END_NAME);

	if (function)
		return function;
	function = LLVMAddFunction(module, NORETURN_END_NAME, type);
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		LLVMAddAttributeAtIndex(
		    function, LLVMAttributeFunctionIndex, attribute(context, attributes[i]));
	return function;
}

/* Puts an end in front of the instruction, for the reason. */
static void put_end(LLVMModuleRef module, LLVMValueRef instruction, const char *reason)
{
	LLVMContextRef context = LLVMGetModuleContext(module);
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
	LLVMValueRef end = end_function(module);

	LLVMPositionBuilderBefore(builder, instruction);
	LLVMValueRef call = LLVMBuildCall2(builder, LLVMGlobalGetValueType(end), end, NULL, 0, "");
	LLVMInstructionSetDebugLoc(call, LLVMInstructionGetDebugLoc(instruction));
	/* each is of a line of its own */
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, attribute(context, "nomerge"));
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex,
	    LLVMCreateStringAttribute(
		context, reason_attribute, strlen(reason_attribute), reason, strlen(reason)));
	LLVMDisposeBuilder(builder);
}

bool noreturn_is_end(LLVMValueRef instruction, const char **reason)
{
	LLVMValueRef callee = callee_of(instruction);
	unsigned length;

	if (!callee || strcmp(value_name(callee), NORETURN_END_NAME))
		return false;
	LLVMAttributeRef found = LLVMGetCallSiteStringAttribute(
	    instruction, LLVMAttributeFunctionIndex, reason_attribute, strlen(reason_attribute));
	if (reason)
		*reason = found ? LLVMGetStringAttributeValue(found, &length) : "";
	return true;
}

/* --- What the verifier does itself --- */

/* Of core, compiled with debug assertions. The verifier looks at each access, of alignment and
 * NULL, and follows no arithmetic on the bits of a pointer. */
static bool is_pointer_panic(const char *name)
{
	return strstr(name, "4core9panicking") &&
	       (strstr(name, "30panic_null_pointer_dereference") ||
		   strstr(name, "36panic_misaligned_pointer_dereference"));
}

static bool is_precondition(const char *name)
{
	return strstr(name, "4core") && strstr(name, "18precondition_check");
}

static bool drop_check(LLVMValueRef call, LLVMValueRef callee)
{
	const char *name = value_name(callee);
	LLVMValueRef next = LLVMGetNextInstruction(call);

	if (!(is_pointer_panic(name) && LLVMIsAUnreachableInst(next)) &&
	    !(is_precondition(name) && !LLVMGetFirstUse(call)))
		return false;
	LLVMInstructionEraseFromParent(call);
	return true;
}

/* --- Loops and traps --- */

/* The block that an empty one goes on to; NULL where it does more. */
static LLVMBasicBlockRef next_of_empty(LLVMBasicBlockRef block)
{
	LLVMValueRef first = LLVMGetFirstInstruction(block);

	if (!first || !LLVMIsATerminatorInst(first) || LLVMGetNumSuccessors(first) != 1 ||
	    LLVMGetNumOperands(first) != 1)
		return NULL;
	return LLVMGetSuccessor(first, 0);
}

bool noreturn_is_endless(LLVMBasicBlockRef block)
{
	LLVMBasicBlockRef slow = block, fast = next_of_empty(block);

	for (; fast; fast = next_of_empty(fast), slow = next_of_empty(slow)) {
		if (slow == fast)
			return true;
		fast = next_of_empty(fast);
		if (!fast)
			break;
	}
	return false;
}

static bool mark_loop(LLVMModuleRef module, LLVMBasicBlockRef block)
{
	LLVMValueRef branch = LLVMGetBasicBlockTerminator(block);

	if (!noreturn_is_endless(block))
		return false;
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
	put_end(module, branch, "");
	LLVMPositionBuilderBefore(builder, branch);
	LLVMBuildUnreachable(builder);
	LLVMInstructionEraseFromParent(branch);
	LLVMDisposeBuilder(builder);
	return true;
}

static bool mark_loops(LLVMModuleRef module, LLVMValueRef function)
{
	bool changed = false;

	FOR_EACH_BLOCK(block, function)
	{
		changed |= mark_loop(module, block);
		FOR_EACH_INSTRUCTION (instruction, block) {
			LLVMValueRef callee = callee_of(instruction);
			if (!callee)
				continue;
			if (is_intrinsic(callee, "llvm.trap")) {
				put_end(module, instruction, value_name(callee));
				LLVMInstructionEraseFromParent(instruction);
				changed = true;
			} else
				changed |= drop_check(instruction, callee);
		}
	}
	return changed;
}

/* --- Functions that do no more than to end --- */

static struct map visited, with_effect;

static bool has_effect(LLVMValueRef function);

/* Memory of a function that does not return is of no use, but a global is. */
static bool writes_global(LLVMValueRef address)
{
	while (LLVMIsAGetElementPtrInst(address) ||
	       (LLVMIsAConstantExpr(address) && LLVMGetNumOperands(address)))
		address = LLVMGetOperand(address, 0);
	return LLVMIsAGlobalVariable(address);
}

static bool is_memory_write(LLVMValueRef call, const char *name)
{
	return (!strncmp(name, "llvm.mem", 8)) && writes_global(LLVMGetOperand(call, 0));
}

static bool call_has_effect(LLVMValueRef call)
{
	LLVMValueRef callee = callee_of(call);

	if (!callee)
		return true;
	if (!LLVMIsDeclaration(callee))
		return has_effect(callee);
	if (LLVMGetIntrinsicID(callee))
		return is_memory_write(call, value_name(callee));
	return !noreturn_is_end(call, NULL);
}

static bool instruction_has_effect(LLVMValueRef instruction)
{
	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMStore:
		return writes_global(LLVMGetOperand(instruction, 1));
	case LLVMCall:
		return call_has_effect(instruction);
	case LLVMLoad:
		return LLVMGetVolatile(instruction);
	case LLVMAtomicRMW:
	case LLVMAtomicCmpXchg:
	case LLVMFence:
	case LLVMInvoke:
	case LLVMCallBr:
		return true;
	default:
		return false;
	}
}

/* Whether calling the function, which then never returns, is of consequence to others. */
static bool has_effect(LLVMValueRef function)
{
	if (!map_add(&visited, function))
		return map_has(&with_effect, function);
	FOR_EACH_BLOCK(block, function)
	FOR_EACH_INSTRUCTION (instruction, block)
		if (instruction_has_effect(instruction)) {
			map_add(&with_effect, function);
			return true;
		}
	return false;
}

static bool mark_calls(LLVMModuleRef module, LLVMValueRef function)
{
	bool changed = false;

	FOR_EACH_BLOCK(block, function)
	FOR_EACH_INSTRUCTION (instruction, block) {
		LLVMValueRef callee = callee_of(instruction);
		if (!callee || !is_changed(callee) || !has(callee, "noreturn") ||
		    LLVMGetFirstUse(instruction) || has_effect(callee))
			continue;
		put_end(module, instruction, value_name(callee));
		LLVMInstructionEraseFromParent(instruction);
		changed = true;
	}
	return changed;
}

bool noreturn_mark(LLVMModuleRef module)
{
	bool changed = false;

	FOR_EACH_FUNCTION (function, module)
		if (is_changed(function))
			changed |= mark_loops(module, function);
	FOR_EACH_FUNCTION (function, module)
		if (is_changed(function))
			changed |= mark_calls(module, function);
	return changed;
}

/* --- Functions that would end alone --- */

static bool may_end(LLVMValueRef function, const struct map *ending)
{
	FOR_EACH_BLOCK(block, function)
	FOR_EACH_INSTRUCTION (instruction, block) {
		LLVMValueRef callee = callee_of(instruction);
		if (callee && (noreturn_is_end(instruction, NULL) || map_has(ending, callee) ||
				  (is_changed(callee) && has(callee, "noreturn"))))
			return true;
	}
	return false;
}

static bool is_local(LLVMValueRef function)
{
	return LLVMGetLinkage(function) == LLVMInternalLinkage ||
	       LLVMGetLinkage(function) == LLVMPrivateLinkage;
}

static void want_inlined(LLVMValueRef function)
{
	LLVMContextRef context = LLVMGetValueContext(function);
	unsigned noinline = kind_of_attribute("noinline");

	LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, noinline);
	LLVMRemoveEnumAttributeAtIndex(
	    function, LLVMAttributeFunctionIndex, kind_of_attribute("optnone"));
	LLVMAddAttributeAtIndex(
	    function, LLVMAttributeFunctionIndex, attribute(context, "alwaysinline"));
	for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use))
		if (callee_of(LLVMGetUser(use)) == function)
			LLVMRemoveCallSiteEnumAttribute(
			    LLVMGetUser(use), LLVMAttributeFunctionIndex, noinline);
}

static unsigned size_of(LLVMValueRef function)
{
	unsigned size = 0;

	FOR_EACH_BLOCK(block, function)
	FOR_EACH_INSTRUCTION (instruction, block)
		size += !LLVMIsADbgInfoIntrinsic(instruction);
	return size;
}

/* Whether the function's one call is all that its caller is for, as in a program of aya's, which
 * calls what the user wrote: together they need no more than apart. */
static bool is_wrapped(LLVMValueRef function)
{
	enum { MOST_INSTRUCTIONS = 50 };
	LLVMValueRef call = LLVMGetUser(LLVMGetFirstUse(function));

	if (callee_of(call) != function)
		return false;
	LLVMValueRef caller = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
	if (caller == function || size_of(caller) > MOST_INSTRUCTIONS)
		return false;
	FOR_EACH_BLOCK(block, caller)
	FOR_EACH_INSTRUCTION (instruction, block) {
		LLVMValueRef callee = callee_of(instruction);
		if (callee && callee != function && !LLVMIsDeclaration(callee))
			return false;
	}
	return true;
}

/* What would make programs too large, or need more stack than there is, stays a function: one that
 * goes on for ever where the program should end. The verifier takes that where it finds that
 * control never gets there. */
static bool is_to_inline(LLVMValueRef function)
{
	enum { MOST_INSTRUCTIONS = 500 };
	unsigned uses = 0;

	for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use))
		uses++;
	return size_of(function) * uses <= MOST_INSTRUCTIONS || (uses == 1 && is_wrapped(function));
}

bool noreturn_stays(LLVMValueRef function)
{
	return origin_attribute(function, stays);
}

bool noreturn_inline(LLVMModuleRef module)
{
	struct map ending = {0};
	bool grows = LLVMGetNamedFunction(module, NORETURN_END_NAME);

	while (grows) {
		grows = false;
		FOR_EACH_FUNCTION (function, module) {
			if (!is_changed(function) || !is_local(function) ||
			    has(function, "noreturn") || map_has(&ending, function) ||
			    noreturn_stays(function) || !may_end(function, &ending))
				continue;
			if (!is_to_inline(function)) {
				origin_set_attribute(function, stays, "");
				continue;
			}
			map_add(&ending, function);
			want_inlined(function);
			grows = true;
		}
	}
	return ending.count;
}

/* --- The end --- */

static void return_zero(LLVMValueRef function, LLVMValueRef unreachable)
{
	LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(function));
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetValueContext(function));
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(unreachable);
	LLVMValueRef before = LLVMGetPreviousInstruction(unreachable);

	LLVMPositionBuilderBefore(builder, unreachable);
	LLVMValueRef result = LLVMGetTypeKind(type) == LLVMVoidTypeKind
				  ? LLVMBuildRetVoid(builder)
				  : LLVMBuildRet(builder, LLVMConstNull(type));
	if (!location && before)
		location = LLVMInstructionGetDebugLoc(before);
	LLVMInstructionSetDebugLoc(result, location);
	LLVMInstructionEraseFromParent(unreachable);
	LLVMDisposeBuilder(builder);
}

static void go_on_for_ever(LLVMValueRef function, LLVMValueRef unreachable)
{
	LLVMContextRef context = LLVMGetValueContext(function);
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
	LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(context, function, "");

	LLVMPositionBuilderBefore(builder, unreachable);
	LLVMBuildBr(builder, loop);
	LLVMPositionBuilderAtEnd(builder, loop);
	LLVMBuildBr(builder, loop);
	LLVMInstructionEraseFromParent(unreachable);
	LLVMDisposeBuilder(builder);
}

static bool has_end(LLVMBasicBlockRef block)
{
	FOR_EACH_INSTRUCTION (instruction, block)
		if (noreturn_is_end(instruction, NULL))
			return true;
	return false;
}

static void end_block(LLVMValueRef function, LLVMBasicBlockRef block)
{
	unsigned noreturn = kind_of_attribute("noreturn");
	LLVMValueRef last = LLVMGetBasicBlockTerminator(block);

	if (last && LLVMIsAUnreachableInst(last)) {
		if (noreturn_stays(function))
			go_on_for_ever(function, last);
		else
			return_zero(function, last);
	}
	FOR_EACH_INSTRUCTION (instruction, block)
		if (noreturn_is_end(instruction, NULL))
			LLVMInstructionEraseFromParent(instruction);
		else if (LLVMIsACallInst(instruction))
			LLVMRemoveCallSiteEnumAttribute(
			    instruction, LLVMAttributeFunctionIndex, noreturn);
}

void noreturn_end(LLVMModuleRef module)
{
	LLVMValueRef end = LLVMGetNamedFunction(module, NORETURN_END_NAME);

	if (!end)
		return;
	FOR_EACH_FUNCTION (function, module) {
		bool ends = is_changed(function);
		/* into one of clang's another may be inlined */
		FOR_EACH_BLOCK(block, function)
		if (is_changed(function) || has_end(block)) {
			end_block(function, block);
			ends = true;
		}
		origin_set_attribute(function, stays, NULL);
		if (ends)
			LLVMRemoveEnumAttributeAtIndex(
			    function, LLVMAttributeFunctionIndex, kind_of_attribute("noreturn"));
	}
	LLVMDeleteFunction(end);
}

void noreturn_reset(void)
{
	map_clear(&visited);
	map_clear(&with_effect);
}
