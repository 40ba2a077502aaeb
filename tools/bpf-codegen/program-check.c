#include "program-check.h"
#include "call-graph.h"
#include "demangle.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "location.h"
#include "stack-size.h"
#include <llvm-c/Core.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* https://github.com/torvalds/linux, kernel/bpf/verifier.c, include/linux/bpf_verifier.h */
enum {
	MOST_STACK_BEFORE_TAIL_CALL = 256, /* of the frames before */
	MOST_FRAMES = 8,
	FRAME_UNIT = 16, /* of frames, from Linux 6.9 on, where there is a JIT */
	OLD_FRAME_UNIT = 32,
	MOST_INSTRUCTIONS = 1000000,
};

static struct call_graph graph;
static bool is_trial;   /* nothing is said */
static bool lacks_line; /* of what kernels refuse */

static void say(enum message_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(enum message_level level, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (is_trial)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		fail("out of memory");
	va_end(arguments);
	message(level, "%s", text);
	free(text);
}

void program_check_note(LLVMModuleRef module)
{
	graph = call_graph_of(module);
}

static bool is_program(LLVMValueRef function)
{
	const char *section = LLVMGetSection(function);

	return section && *section && *section != '.' &&
	       LLVMGetLinkage(function) != LLVMInternalLinkage &&
	       LLVMGetLinkage(function) != LLVMPrivateLinkage;
}

/* --- Chains --- */

/* Appends ` -> NAME (LOCATION)`; NAME may be "", then it is ` (LOCATION)`. Returns whether there
 * was a location. */
static bool append_call(char **chain, const char *symbol, LLVMMetadataRef location)
{
	char *name = demangle_or_copy(symbol), *where = location_of_user(location);
	char *longer = xasprintf("%s%s%s%s%s%s", *chain, *name ? " -> " : "", name,
	    where ? " (" : "", where ? where : "", where ? ")" : "");
	bool has_location = where;

	free(name);
	free(where);
	free(*chain);
	*chain = longer;
	return has_location;
}

/* The chain of calls by which call_graph_search has come to node. */
static char *chain_to(const struct call_node *node, bool *has_location)
{
	if (!node->caller)
		return demangle_or_copy(node->symbol);
	char *chain = chain_to(node->caller, has_location);
	*has_location |= append_call(&chain, node->symbol, node->by->location);
	return chain;
}

/* Ended by the call in node. For the caller to free. */
static char *chain_of(const struct call_node *node, const struct call *call, bool is_refused)
{
	bool has_location = false;
	char *chain = chain_to(node, &has_location);

	has_location |= append_call(&chain, call->symbol, call->location);
	if (!has_location) {
		lacks_line |= is_refused;
		char *longer = xasprintf("%s%s", chain, location_hint());
		free(chain);
		chain = longer;
	}
	return chain;
}

/* --- What it calls --- */

static void warn_of_end(const char *program, const struct call *call, const char *chain)
{
	if (!*call->symbol)
		say(LEVEL_WARN,
		    "program '%s' reaches an infinite loop, where it returns 0 instead: %s",
		    program, chain);
	else if (!strcmp(call->symbol, "llvm.trap"))
		say(LEVEL_WARN, "program '%s' reaches a trap, where it returns 0 instead: %s",
		    program, chain);
	else
		say(LEVEL_WARN,
		    "program '%s' can panic, and returns 0 then: %s; to avoid panics, use "
		    "get or get_unchecked instead of indexing, match instead of unwrap, "
		    "wrapping_add and its like, or compile with overflow-checks off",
		    program, chain);
}

static bool is_in_large(const struct call_node *node)
{
	while (node && !node->stays)
		node = node->caller;
	return node;
}

static void warn_of_call(
    const char *program, const struct call_node *node, const struct call *call, const char *chain)
{
	switch (call->kind) {
	case END_CALL:
		if (is_in_large(node))
			say(LEVEL_WARN,
			    "program '%s' can panic in a large function, which then loops "
			    "forever; kernels refuse that unless they can rule it out: %s; make the "
			    "function smaller, or free of panics",
			    program, chain);
		else
			warn_of_end(program, call, chain);
		break;
	case ENDLESS_LOOP:
		say(LEVEL_WARN,
		    "program '%s' can reach an infinite loop, which kernels refuse: %s; make "
		    "it return instead",
		    program, chain);
		break;
	case POINTER_CALL:
		say(LEVEL_WARN,
		    "program '%s' calls through a pointer, which kernels refuse: %s; call "
		    "functions by name, chosen by a switch or match (not by dyn)",
		    program, chain);
		break;
	default:
		break;
	}
}

/* The first of each kind, which has the shortest chain. */
static void check_calls(const char *program, struct call_node **reached)
{
	bool said[ENDLESS_LOOP + 1] = {[CALL] = true, [CALLBACK] = true, [LATER_CALLBACK] = true};

	for (; *reached; reached++)
		for (size_t i = 0; i < (*reached)->calls.count; i++) {
			const struct call *call = &(*reached)->calls.items[i];
			if (said[call->kind])
				continue;
			said[call->kind] = true;
			char *chain = chain_of(
			    *reached, call, call->kind != END_CALL || is_in_large(*reached));
			warn_of_call(program, *reached, call, chain);
			free(chain);
		}
}

/* --- Its stack --- */

enum { UNSEEN, IN_CHAIN, DONE };

static unsigned frame_of(const struct call_node *node)
{
	unsigned bytes = 0;

	stack_size_of(node->symbol, &bytes);
	return (bytes + FRAME_UNIT - 1) / FRAME_UNIT * FRAME_UNIT;
}

/* An empty one counts, too. */
static unsigned old_frame_of(const struct call_node *node)
{
	unsigned bytes = 0;

	stack_size_of(node->symbol, &bytes);
	return ((bytes ? bytes : 1) + OLD_FRAME_UNIT - 1) / OLD_FRAME_UNIT * OLD_FRAME_UNIT;
}

/* What some kernels count frames by, and how loud it is to be said where it comes to too much. What
 * the newest take is no warning: whom it is linked for is not known. */
struct count {
	unsigned (*frame)(const struct call_node *node);
	enum message_level level;
	const char *kernels;
};
static const struct count of_all = {frame_of, LEVEL_WARN, "kernels"};
static const struct count before_6_9 = {
    old_frame_of, LEVEL_INFO, "kernels before 6.9, or without a JIT,"};
static const struct count before_6_13 = {frame_of, LEVEL_INFO, "kernels before 6.13"};

/* Another stack is begun by what is called later. */
static struct call_node *next_frame(const struct call *call)
{
	return call->kind == LATER_CALLBACK ? NULL : call->callee;
}

/* Finds by how much stack, or by how many frames, the chains from node go deepest: node's value,
 * and next, the call. Returns a call that closes a circle, whose caller is then *in; NULL where
 * there is none. */
static struct call *go_deepest(
    struct call_node *node, unsigned (*own)(const struct call_node *node), struct call_node **in)
{
	node->state = IN_CHAIN;
	node->next = NULL;
	unsigned deepest = 0;
	for (size_t i = 0; i < node->calls.count; i++) {
		struct call *call = &node->calls.items[i], *circle = NULL;
		struct call_node *callee = next_frame(call);
		if (!callee)
			continue;
		if (callee->state == IN_CHAIN) {
			*in = node;
			return call;
		}
		if (callee->state == UNSEEN)
			circle = go_deepest(callee, own, in);
		if (circle)
			return circle;
		if (callee->value > deepest) {
			deepest = callee->value;
			node->next = call;
		}
	}
	node->state = DONE;
	node->value = own(node) + deepest;
	return NULL;
}

static void forget_walk(void)
{
	for (size_t i = 0; i < graph.count; i++)
		graph.nodes[i].state = UNSEEN;
}

/* As in `prog (64) -> f (a.c:3) (480)`: the deepest chain, with the bytes of each frame. */
static char *deepest_chain(const struct call_node *node, bool with_bytes, enum message_level level)
{
	bool has_location = false;
	char *chain = demangle_or_copy(node->symbol);

	for (;; node = node->next->callee) {
		unsigned bytes = 0;
		if (with_bytes && stack_size_of(node->symbol, &bytes)) {
			char *longer = xasprintf("%s: %u bytes", chain, bytes);
			free(chain);
			chain = longer;
		}
		if (!node->next) {
			lacks_line |= level == LEVEL_WARN && !has_location;
			return chain;
		}
		has_location |=
		    append_call(&chain, node->next->callee->symbol, node->next->location);
	}
}

static unsigned one_frame(const struct call_node *node)
{
	(void)node;
	return 1;
}

/* Programs that a kernel may give a stack of their own for each function, from Linux 6.13 on. */
static bool has_private_stacks(const struct call_node *program)
{
	static const char *const kinds[] = {"kprobe", "kretprobe", "uprobe", "uretprobe", "usdt",
	    "ksyscall", "kretsyscall", "tracepoint", "tp", "raw_tracepoint", "raw_tp", "perf_event",
	    "fentry", "fexit", "fmod_ret", "tp_btf", "iter", "lsm", "struct_ops"};
	const char *section = LLVMGetSection(program->function);

	section += *section == '?';
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strncmp(section, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

static bool calls_itself(struct call_node *program)
{
	struct call_node *in;

	forget_walk();
	struct call *circle = go_deepest(program, one_frame, &in);
	if (!circle)
		return false;
	char *chain = chain_of(in, circle, true);
	say(LEVEL_WARN,
	    "program '%s' calls a function recursively, which kernels refuse: %s; make a loop of "
	    "it",
	    program->symbol, chain);
	free(chain);
	return true;
}

/* One frame that is too large by itself is LLVM's to tell. */
static bool has_large_frame(struct call_node **reached)
{
	unsigned bytes;

	for (; *reached; reached++)
		if (stack_size_of((*reached)->symbol, &bytes) && bytes > MOST_STACK)
			return true;
	return false;
}

/* Returns whether there was something to say. */
static bool check_bytes(struct call_node *program, const struct count *count)
{
	struct call_node *in;

	forget_walk();
	go_deepest(program, count->frame, &in);
	if (program->value <= MOST_STACK)
		return false;
	char *chain = deepest_chain(program, true, count->level);
	say(count->level,
	    "program '%s' uses %u bytes of stack; %s allow %d: %s; make local "
	    "variables smaller, or keep them in a map",
	    program->symbol, program->value, count->kernels, MOST_STACK, chain);
	free(chain);
	return true;
}

/* Puts into value the most bytes that the frames before a node take; into caller and by, for
 * chain_of, the chain. */
static void add_frames_before(
    struct call_node *node, unsigned bytes, unsigned (*frame)(const struct call_node *node))
{
	node->state = DONE;
	node->value = bytes;
	bytes += frame(node);
	for (size_t i = 0; i < node->calls.count; i++) {
		struct call_node *callee = next_frame(&node->calls.items[i]);
		if (!callee || (callee->state == DONE && callee->value >= bytes))
			continue;
		callee->caller = node;
		callee->by = &node->calls.items[i];
		add_frames_before(callee, bytes, frame);
	}
}

/* Returns whether there was something to say. */
static bool check_tail_calls(
    struct call_node *program, struct call_node **reached, const struct count *count)
{
	forget_walk();
	add_frames_before(program, 0, count->frame);
	for (size_t i = 1; reached[i]; i++) {
		bool has_location = false;
		if (!reached[i]->calls_tail || reached[i]->value < MOST_STACK_BEFORE_TAIL_CALL)
			continue;
		char *chain = chain_to(reached[i], &has_location);
		lacks_line |= count->level == LEVEL_WARN && !has_location;
		say(count->level,
		    "program '%s' uses %u bytes of stack at a tail call; "
		    "%s allow less than %d: %s; make local variables smaller, or keep them in "
		    "a map",
		    program->symbol, reached[i]->value, count->kernels, MOST_STACK_BEFORE_TAIL_CALL,
		    chain);
		free(chain);
		return true;
	}
	return false;
}

static void check_stack(struct call_node *program, struct call_node **reached)
{
	if (!reached[1] || calls_itself(program))
		return;
	if (program->value > MOST_FRAMES) {
		char *chain = deepest_chain(program, false, LEVEL_WARN);
		say(LEVEL_WARN,
		    "program '%s' nests calls %u functions deep; kernels allow %d: %s; have "
		    "some of them inlined",
		    program->symbol, program->value, MOST_FRAMES, chain);
		free(chain);
	}
	if (has_large_frame(reached))
		return;
	if (!check_bytes(program, has_private_stacks(program) ? &before_6_13 : &of_all))
		check_bytes(program, &before_6_9);
	if (!check_tail_calls(program, reached, &of_all))
		check_tail_calls(program, reached, &before_6_9);
}

/* --- Its size --- */

static void check_size(const char *program, struct call_node **reached)
{
	size_t count = 0;

	for (; *reached; reached++)
		count += stack_size_instructions((*reached)->symbol);
	if (count > MOST_INSTRUCTIONS)
		say(LEVEL_WARN,
		    "program '%s' has %zu instructions, including the functions that it calls; "
		    "kernels allow %d",
		    program, count, MOST_INSTRUCTIONS);
}

static void check_maps(LLVMModuleRef module)
{
	for (LLVMValueRef variable = LLVMGetFirstGlobal(module); variable;
	    variable = LLVMGetNextGlobal(variable)) {
		const char *section = LLVMGetSection(variable);
		if (!LLVMIsDeclaration(variable) && section && !strcmp(section, "maps"))
			say(LEVEL_INFO,
			    "map '%s' is in the legacy section maps, which libbpf 1.0 and later do "
			    "not support; define it in .maps",
			    value_name(variable));
	}
}

void program_check(LLVMModuleRef module)
{
	check_maps(module);
	for (size_t i = 0; i < graph.count; i++) {
		struct call_node *program = &graph.nodes[i];
		if (!is_program(program->function))
			continue;
		struct call_node **reached = call_graph_search(&graph, program);
		check_calls(program->symbol, reached);
		check_stack(program, reached);
		check_size(program->symbol, reached);
		free(reached);
	}
}

bool program_check_lacks_line(LLVMModuleRef module)
{
	is_trial = true;
	lacks_line = false;
	program_check(module);
	is_trial = false;
	return lacks_line && message_shows(LEVEL_WARN);
}
