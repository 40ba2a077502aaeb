/* Who calls whom in a module. */
#ifndef CALL_GRAPH_H
#define CALL_GRAPH_H

#include "map.h"
#include <llvm-c/Types.h>
#include <stdbool.h>

enum call_kind {
	CALL,
	CALLBACK, /* the function's address is handed to a helper or a kfunc, which calls it */
	LATER_CALLBACK, /* which has it called on another stack, as a timer does */
	POINTER_CALL,   /* of whatever the pointer points to */
	END_LOOP,       /* the same in a large function, which goes on for ever there */
	END_CALL, /* the program ends in place of a function that never returns: see noreturn.h */
	ENDLESS_LOOP, /* no call: from there on the function goes round for ever */
};

struct call {
	enum call_kind kind;
	const char *symbol;       /* of what is called, "" where it has none */
	struct call_node *callee; /* NULL where its code is not in the module */
	LLVMMetadataRef location; /* NULL where it is not known */
};

struct call_node {
	const char *symbol;
	LLVMValueRef function;
	bool stays;      /* noreturn_stays */
	bool calls_tail; /* it calls the helper bpf_tail_call */
	struct {
		ARRAY(struct call);
	} calls;

	/* Of the last call_graph_search: */
	struct call_node *caller; /* by which it was reached first, NULL of the root */
	struct call *by;          /* the call in it */

	/* For the walks of others: zero at first. */
	unsigned value, state;
	struct call *next;
};

struct call_graph {
	struct call_node *nodes; /* one for each function with code */
	size_t count;
	struct map symbols; /* a node for each */
};

/* Looks at each instruction of the module. What is returned stays valid when code changes; the
 * functions have to stay. */
struct call_graph call_graph_of(LLVMModuleRef module);

/* Finds what the root reaches, by the shortest chains: the nodes in the order of the distance, the
 * root first, ended by NULL, for the caller to free. */
struct call_node **call_graph_search(const struct call_graph *graph, struct call_node *root);

#endif
