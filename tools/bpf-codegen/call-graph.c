#include "call-graph.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "noreturn.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

/* https://github.com/torvalds/linux, include/uapi/linux/bpf.h, enum bpf_func_id */
enum { HELPER_TIMER_SET_CALLBACK = 170 };

#define FOR_EACH_FUNCTION(function, module) \
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function; \
	    function = LLVMGetNextFunction(function))

/* --- Calls --- */

/* The function that is called, aliases resolved; NULL where it is none. */
static LLVMValueRef function_of(LLVMValueRef value)
{
	while (LLVMIsAGlobalAlias(value))
		value = LLVMAliasGetAliasee(value);
	return LLVMIsAFunction(value) ? value : NULL;
}

static bool calls_later(LLVMValueRef called)
{
	const char *name = LLVMIsAFunction(called) ? value_name(called) : "";

	return helper_number(called) == HELPER_TIMER_SET_CALLBACK ||
	       strstr(name, "_set_callback") || strstr(name, "task_work_schedule");
}

static struct call_node *node_of(const struct call_graph *graph, LLVMValueRef function)
{
	void **slot = map_find(&graph->symbols, value_name(function));

	return slot ? *slot : NULL;
}

static void add_callbacks(
    const struct call_graph *graph, struct call_node *node, LLVMValueRef instruction)
{
	LLVMValueRef called = LLVMGetCalledValue(instruction);

	for (unsigned i = 0; i < LLVMGetNumArgOperands(instruction); i++) {
		LLVMValueRef function = function_of(LLVMGetOperand(instruction, i));
		struct call_node *callee = function ? node_of(graph, function) : NULL;
		if (callee)
			array_add(&node->calls,
			    (struct call){
				.kind = calls_later(called) ? LATER_CALLBACK : CALLBACK,
				.symbol = callee->symbol,
				.callee = callee,
				.location = LLVMInstructionGetDebugLoc(instruction),
			    });
	}
}

static void take_call(
    const struct call_graph *graph, struct call_node *node, LLVMValueRef instruction)
{
	LLVMValueRef called = LLVMGetCalledValue(instruction), function = function_of(called);
	struct call call = {.symbol = "", .location = LLVMInstructionGetDebugLoc(instruction)};

	if (LLVMIsAInlineAsm(called) || (function && LLVMGetIntrinsicID(function)))
		return;
	node->calls_tail |= helper_number(called) == HELPER_TAIL_CALL;
	if (noreturn_is_end(instruction, &call.symbol)) {
		call.kind = END_CALL;
		/* the call is to go */
		call.symbol = xasprintf("%s", call.symbol);
	} else if (function) {
		call.symbol = value_name(function);
		call.callee = node_of(graph, function);
	} else if (!LLVMIsAConstant(called))
		call.kind = POINTER_CALL;
	if (*call.symbol || call.kind != CALL)
		array_add(&node->calls, call);
	add_callbacks(graph, node, instruction);
}

/* --- Functions --- */

static bool is_naked(LLVMValueRef function)
{
	return LLVMGetEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex,
	    LLVMGetEnumAttributeKindForName("naked", strlen("naked")));
}

static void add_loop(struct call_node *node, LLVMValueRef instruction)
{
	array_add(&node->calls,
	    (struct call){ENDLESS_LOOP, "", NULL, LLVMInstructionGetDebugLoc(instruction)});
}

/* A function without an end goes round for ever; the line of a branch says where. */
static void take_function(const struct call_graph *graph, struct call_node *node)
{
	bool ends = is_naked(node->function), loops = false;
	LLVMValueRef branch = NULL;

	node->stays = noreturn_stays(node->function);
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(node->function); block;
	    block = LLVMGetNextBasicBlock(block)) {
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (LLVMIsACallInst(instruction))
				take_call(graph, node, instruction);
		LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
		ends |= LLVMIsAReturnInst(last) || LLVMIsAUnreachableInst(last);
		if (LLVMGetNumSuccessors(last) && LLVMInstructionGetDebugLoc(last))
			branch = last;
		if (!loops && noreturn_is_endless(block)) {
			add_loop(node, last);
			loops = true;
		}
	}
	if (!ends && !loops)
		add_loop(
		    node, branch ? branch
				 : LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(node->function)));
}

struct call_graph call_graph_of(LLVMModuleRef module)
{
	struct call_graph graph = {.symbols.kind = MAP_OF_STRINGS};
	size_t count = 0;

	FOR_EACH_FUNCTION (function, module)
		count += !LLVMIsDeclaration(function);
	graph.nodes = xcalloc(count + 1, sizeof *graph.nodes);
	FOR_EACH_FUNCTION (function, module) {
		if (LLVMIsDeclaration(function))
			continue;
		struct call_node *node = &graph.nodes[graph.count++];
		node->function = function;
		node->symbol = value_name(function);
		*map_insert(&graph.symbols, node->symbol) = node;
	}
	for (size_t i = 0; i < graph.count; i++)
		take_function(&graph, &graph.nodes[i]);
	return graph;
}

struct call_node **call_graph_search(const struct call_graph *graph, struct call_node *root)
{
	struct call_node **reached = xcalloc(graph->count + 1, sizeof(struct call_node *));
	size_t count = 0;

	for (size_t i = 0; i < graph->count; i++)
		graph->nodes[i].by = NULL;
	root->caller = NULL;
	reached[count++] = root;
	for (size_t at = 0; at < count; at++)
		for (size_t i = 0; i < reached[at]->calls.count; i++) {
			struct call *call = &reached[at]->calls.items[i];
			struct call_node *callee = call->callee;
			if (!callee || callee == root || callee->by)
				continue;
			callee->caller = reached[at];
			callee->by = call;
			reached[count++] = callee;
		}
	return reached;
}
