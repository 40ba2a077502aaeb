/* bpf-opt: runs LLVM's optimizations on a module, tuned to what the kernel's verifier accepts.
 *
 * What clang has optimized is not optimized again: its user has written it until the verifier took
 * what came out. LLVM would find more the second time, and take away a check that the verifier
 * needs. Only a function into which one of another input is inlined changes. While LLVM's passes
 * run on what there is to do, the others are away: their bodies stand in another module, and LLVM
 * sees declarations (away.h). */
#include "apart.h"
#include "away.h"
#include "libllvm.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "noreturn.h"
#include "notes.h"
#include "options.h"
#include "origin.h"
#include "stack.h"
#include "target.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

static const char *const levels[] = {"0", "1", "2", "3", "s", "z", NULL};
static const char *level = "2", *given_passes, *dump_path;

static const struct option_spec own_options[] = {
    {NULL, 'O', OPTION_CHOICE, &level, "LEVEL",
	"optimize at LEVEL: 0, 1, 2, 3, s or z; 0 is as 1 (default: 2)", levels},
    {"passes", 0, OPTION_TEXT, &given_passes, "LIST",
	"run these passes of LLVM's instead, on all functions; none runs none"},
    {"dump-module", 0, OPTION_TEXT, &dump_path, "FILE", "write the IR before the passes to FILE"},
    {"note-map", 0, OPTION_FLAG, &notes_wanted, NULL,
	"note what is inlined into which function, for bpf-codegen's link map"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-opt",
    .operands = "[FILE]",
    .purpose = "Optimizes an LLVM module for BPF.",
    .tables = (const struct option_spec *const[]){own_options, target_options, llvm_options, NULL},
    .most_operands = 1,
};

static bool changed; /* the module is not as it was read */
static LLVMContextRef context;
static LLVMModuleRef module;
static LLVMTargetMachineRef machine;

#define FOR_EACH_FUNCTION(function) \
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function; \
	    function = LLVMGetNextFunction(function))

static LLVMAttributeRef attribute_of(const char *name)
{
	return LLVMCreateEnumAttribute(
	    context, LLVMGetEnumAttributeKindForName(name, strlen(name)), 0);
}

static bool has(LLVMValueRef function, const char *name)
{
	return LLVMGetEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex,
	    LLVMGetEnumAttributeKindForName(name, strlen(name)));
}

static bool is_local(LLVMValueRef global)
{
	return LLVMGetLinkage(global) == LLVMInternalLinkage ||
	       LLVMGetLinkage(global) == LLVMPrivateLinkage;
}

static void run_passes(const char *text)
{
	changed = true;
	LLVMErrorRef error = LLVMRunPasses(module, text, machine, LLVMCreatePassBuilderOptions());

	if (!error)
		return;
	if (given_passes)
		fail_usage("--passes: %s", LLVMGetErrorMessage(error));
	fail("%s: %s", message_subject, LLVMGetErrorMessage(error));
}

/* All of a BPF program runs on one CPU. Notes of others for a function, of a host's CPU perhaps,
 * would only keep it from being inlined into others. */
static void unify_targets(void)
{
	char *cpu = xchecked(LLVMGetTargetMachineCPU(machine));
	char *features = xchecked(LLVMGetTargetMachineFeatureString(machine));

	FOR_EACH_FUNCTION (function) {
		if (LLVMIsDeclaration(function))
			continue;
		origin_set_attribute(function, "tune-cpu", NULL);
		origin_set_attribute(function, "target-cpu", cpu);
		origin_set_attribute(function, "target-features", *features ? features : NULL);
	}
	LLVMDisposeMessage(cpu);
	LLVMDisposeMessage(features);
}

/* Whether there is something to do for the passes. */
static bool any_to_optimize(void)
{
	FOR_EACH_FUNCTION (function)
		if (!LLVMIsDeclaration(function) && !origin_is_optimized(function))
			return true;
	return false;
}

static void forget_optimized(void)
{
	FOR_EACH_FUNCTION (function)
		origin_set_changed(function);
}

/* clang -O0 marks all that it does not inline; the user may have marked one function or another. */
static void warn_of_unoptimized(void)
{
	struct map unoptimized = {.kind = MAP_OF_STRINGS}, others = {.kind = MAP_OF_STRINGS};

	FOR_EACH_FUNCTION (function)
		if (!LLVMIsDeclaration(function) && !has(function, "alwaysinline"))
			map_add(has(function, "optnone") ? &unoptimized : &others,
			    *origin_input(function) ? origin_input(function) : message_subject);
	for (size_t i = 0; i < unoptimized.count; i++)
		if (!map_has(&others, unoptimized.items[i].key))
			message(LEVEL_WARN,
			    "%s: was compiled by clang -O0, and no pass changes that (optnone): its "
			    "code is large, has all variables on the stack, and kernels refuse much of "
			    "it; compile with -O2",
			    (const char *)unoptimized.items[i].key);
}

/* Inlining over the borders of inputs, into and out of what is optimized */

/* String attributes of calls, while LLVM inlines: this call, of the function that it names, may be
 * inlined; and that one is noinline for the time. */
static const char candidate[] = "bpf-linker-candidate", held[] = "bpf-linker-held";

/* A function that stays visible is called as it is: it was made so to be verified on its own. */
static bool may_inline(LLVMValueRef caller, LLVMValueRef callee)
{
	return (origin_is_optimized(caller) || origin_is_optimized(callee)) &&
	       (is_local(callee) || has(callee, "alwaysinline")) && !has(caller, "optnone") &&
	       strcmp(origin_input(caller), origin_input(callee)) &&
	       (has(callee, "alwaysinline") || !stays_apart(callee));
}

/* Calls visit for each call of a function that has a body. */
static void each_call(void (*visit)(LLVMValueRef call, LLVMValueRef caller, void *data), void *data)
{
	FOR_EACH_FUNCTION (caller)
		for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(caller); block;
		    block = LLVMGetNextBasicBlock(block))
			for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
			    instruction = LLVMGetNextInstruction(instruction))
				if (defined_callee(instruction))
					visit(instruction, caller, data);
}

static void find_candidate(LLVMValueRef call, LLVMValueRef caller, void *any)
{
	*(bool *)any |= may_inline(caller, defined_callee(call));
}

static bool any_candidate(void)
{
	bool any = false;

	each_call(find_candidate, &any);
	return any;
}

static void set_call_attribute(LLVMValueRef call, const char *name, const char *value)
{
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex,
	    LLVMCreateStringAttribute(context, name, strlen(name), value, strlen(value)));
}

static const char *call_attribute(LLVMValueRef call, const char *name)
{
	unsigned length;
	LLVMAttributeRef found =
	    LLVMGetCallSiteStringAttribute(call, LLVMAttributeFunctionIndex, name, strlen(name));

	return found ? LLVMGetStringAttributeValue(found, &length) : NULL;
}

/* Whether both, in one function, have room on the stack. */
static bool fits_inlined(LLVMValueRef call, LLVMValueRef caller)
{
	LLVMValueRef callee = defined_callee(call);

	return !origin_is_optimized(caller) || !origin_is_optimized(callee) ||
	       has(callee, "alwaysinline") || !stack_forbids_inlining(call, may_inline);
}

static void mark_call(LLVMValueRef call, LLVMValueRef caller, void *candidates)
{
	unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
	bool may = may_inline(caller, defined_callee(call)),
	     fits = may && fits_inlined(call, caller);

	if (fits) {
		set_call_attribute(call, candidate, value_name(caller));
		++*(size_t *)map_insert(candidates, xasprintf("%s", value_name(caller)));
	} else if (!LLVMGetCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, noinline)) {
		if (!may) /* else for later passes, too */
			set_call_attribute(call, held, "");
		LLVMAddCallSiteAttribute(
		    call, LLVMAttributeFunctionIndex, attribute_of("noinline"));
	}
}

static void unmark_call(LLVMValueRef call, LLVMValueRef caller, void *candidates)
{
	unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
	const char *by = call_attribute(call, candidate);

	if (by && !strcmp(by, value_name(caller)))
		--*(size_t *)map_find(candidates, value_name(caller));
	if (call_attribute(call, held))
		LLVMRemoveCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, noinline);
	LLVMRemoveCallSiteStringAttribute(
	    call, LLVMAttributeFunctionIndex, candidate, strlen(candidate));
	LLVMRemoveCallSiteStringAttribute(call, LLVMAttributeFunctionIndex, held, strlen(held));
}

/* The functions into which something is inlined are to be optimized. */
static void inline_over_inputs(void)
{
	struct map candidates = {
	    .kind = MAP_OF_STRINGS}; /* how many calls of the function are candidates */

	if (!any_candidate())
		return;
	unify_targets();
	each_call(mark_call, &candidates);
	run_passes("require<profile-summary>,cgscc(inline)");
	each_call(unmark_call, &candidates);
	for (size_t i = 0; i < candidates.count; i++) {
		LLVMValueRef caller = LLVMGetNamedFunction(module, candidates.items[i].key);
		if (caller && candidates.items[i].value)
			origin_set_changed(caller);
	}
}

/* A symbol that its compiler did not know to be defined: where its address is compared, as in `if
 * (f)`, the outcome is known now. The verifier takes no address of a function that is not static.
 */

static bool is_known_comparison(LLVMValueRef instruction)
{
	LLVMValueRef symbol = LLVMIsAICmpInst(instruction) ? LLVMGetOperand(instruction, 0) : NULL;

	return symbol && LLVMIsAGlobalValue(symbol) && !LLVMIsDeclaration(symbol) &&
	       LLVMIsAConstantPointerNull(LLVMGetOperand(instruction, 1));
}

static bool has_known_comparison(LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if (is_known_comparison(instruction))
				return true;
	return false;
}

static void fold_known_comparisons(void)
{
	FOR_EACH_FUNCTION (function) {
		if (!origin_is_optimized(function) || !has_known_comparison(function))
			continue;
		LLVMErrorRef error = LLVMRunPassesOnFunction(
		    function, "instsimplify,simplifycfg", machine, LLVMCreatePassBuilderOptions());
		if (error)
			fail("%s: %s", message_subject, LLVMGetErrorMessage(error));
		changed = true;
	}
}

/* A call of a pointer in a variable that nothing writes, as clang -O0 leaves those of helpers:
 * kernels take no call of a pointer. */

static bool is_only_loaded(LLVMValueRef variable)
{
	for (LLVMUseRef use = LLVMGetFirstUse(variable); use; use = LLVMGetNextUse(use))
		if (!LLVMIsALoadInst(LLVMGetUser(use)))
			return false;
	return true;
}

static LLVMValueRef known_callee(LLVMValueRef instruction)
{
	LLVMValueRef load = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;

	if (!load || !LLVMIsALoadInst(load) || LLVMGetVolatile(load))
		return NULL;
	LLVMValueRef variable = LLVMIsAGlobalVariable(LLVMGetOperand(load, 0));
	LLVMValueRef value = variable ? LLVMGetInitializer(variable) : NULL;
	if (!value || LLVMTypeOf(value) != LLVMTypeOf(load) || !is_local(variable) ||
	    LLVMIsExternallyInitialized(variable) ||
	    (!LLVMIsGlobalConstant(variable) && !is_only_loaded(variable)))
		return NULL;
	return value;
}

static void fold_known_callee(LLVMValueRef call)
{
	LLVMValueRef value = known_callee(call);

	if (!value)
		return;
	LLVMValueRef load = LLVMGetCalledValue(call);
	LLVMSetOperand(call, LLVMGetNumOperands(call) - 1, value);
	if (!LLVMGetFirstUse(load))
		LLVMInstructionEraseFromParent(load);
	changed = true;
}

static void fold_known_callees(void)
{
	FOR_EACH_FUNCTION (function)
		for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
		    block = LLVMGetNextBasicBlock(block))
			for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
			    instruction = LLVMGetNextInstruction(instruction))
				fold_known_callee(instruction);
}

/* A name of which there was one already was given a number, and the next one may be another in a
 * module that was read. */

static bool is_numbered(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1);
}

static void find_numbered(LLVMValueRef global, void *any)
{
	*(bool *)any |= is_numbered(value_name(global));
}

static bool any_numbered(void)
{
	bool any = false;

	module_each_global(module, find_numbered, &any);
	return any;
}

/* Functions of C's library that LLVM would call on its own where there is no call: BPF has none,
 * and what the verifier takes as it stands may be refused as one. memcpy and its like are brought
 * by bpf-codegen. What the module itself calls LLVM knows, as before. */

/* It makes these of loops, and those of calls of others. lib/Transforms of LLVM 21 to 23:
 * Scalar/LoopIdiomRecognize.cpp, Utils/SimplifyLibCalls.cpp */
static const char *const of_loops[] = {"strlen", "wcslen", NULL};
static const char *const of_calls[] = {"strnlen", "strchr", "strrchr", "strcmp", "strncmp",
    "strcpy", "stpcpy", "strncpy", "stpncpy", "strcat", "strncat", "strlcpy", "strlcat", "strdup",
    "strndup", "memchr", "memrchr", "memccpy", "mempcpy", "malloc", "calloc", "putchar", "puts",
    "fputc", "fputs", "fwrite", "sprintf", "snprintf", "siprintf", NULL};

static bool is_of_c_library(const char *name)
{
	static const char *const parts[] = {
	    "str", "stp", "mem", "wcs", "printf", "put", "alloc", "write"};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strncmp(name, "llvm.", 5) && strstr(name, parts[i]))
			return true;
	return false;
}

static bool calls_c_library(void)
{
	FOR_EACH_FUNCTION (function)
		if (LLVMIsDeclaration(function) && LLVMGetFirstUse(function) &&
		    is_of_c_library(value_name(function)))
			return true;
	return false;
}

/* Each function alike, since one is not inlined into another that may do more. */
static void set_forbidden(const char *const *names, bool forbidden)
{
	for (; *names; names++) {
		char *attribute = xasprintf("no-builtin-%s", *names);
		LLVMValueRef own = LLVMGetNamedFunction(module, *names);
		if (!forbidden || !own || !LLVMGetFirstUse(own))
			FOR_EACH_FUNCTION (function)
				if (!LLVMIsDeclaration(function))
					origin_set_attribute(
					    function, attribute, forbidden ? "" : NULL);
		free(attribute);
	}
}

/* The passes */

static void run_passes_alone(const char *text)
{
	bool calls = calls_c_library();

	set_forbidden(of_loops, true);
	if (calls)
		set_forbidden(of_calls, true);
	run_passes(text);
	set_forbidden(of_loops, false);
	if (calls)
		set_forbidden(of_calls, false);
}

static void add_to_functions(const char *attribute)
{
	FOR_EACH_FUNCTION (function)
		if (!LLVMIsDeclaration(function))
			LLVMAddAttributeAtIndex(
			    function, LLVMAttributeFunctionIndex, attribute_of(attribute));
}

/* From LLVM 23 on there are no passes for size; functions say that they are to be small. */
static const char *level_for_size(void)
{
	add_to_functions("optsize");
	if (!strcmp(level, "z"))
		add_to_functions("minsize");
	return "2";
}

/* C functions are noinline so that they are verified by themselves: what is known of their callers
 * must not change them. Nothing interprocedural crosses a definition that may be replaced. One of
 * more parameters than a call can pass may lose some. */
static bool any_held;

static void hold_noinline(void)
{
	FOR_EACH_FUNCTION (function)
		if (LLVMGetLinkage(function) == LLVMInternalLinkage &&
		    origin_is_of_clang(function) && has(function, "noinline") &&
		    LLVMCountParams(function) <= MOST_REGISTERS) {
			LLVMSetLinkage(function, LLVMWeakAnyLinkage);
			origin_set_attribute(function, held, "");
			any_held = true;
		}
}

static void release_noinline(void)
{
	FOR_EACH_FUNCTION (function)
		if (origin_attribute(function, held)) {
			LLVMSetLinkage(function, LLVMInternalLinkage);
			origin_set_attribute(function, held, NULL);
		}
}

/* Loops that may end earlier, of which LLVM knows the most rounds; by default it leaves them. */
static void unroll_bounded(const char *and_then)
{
	run_passes_alone("function(loop-simplify,lcssa,"
			 "loop-unroll<O3;upperbound;no-runtime;no-partial;full-unroll-max=1024>)");
	run_passes_alone(and_then);
}

static void run_default_passes(void)
{
	bool for_size = !strcmp(level, "s") || !strcmp(level, "z");

	unify_targets();
	bool any_away = away_put(module);
	if (!strcmp(level, "0")) /* almost nothing passes the verifier at that */
		level = "1";
	if (for_size && libllvm_major() >= 23)
		level = level_for_size();
	char *text = xasprintf("default<O%s>,dce", level);
	hold_noinline();
	run_passes_alone(text);
	if (noreturn_inline(module))
		run_passes_alone(text);
	if (unroll_loops)
		unroll_bounded(text);
	release_noinline();
	away_put_back();
	/* what was held may be needed no more */
	if (any_away || any_held)
		run_passes("globaldce");
	free(text);
}

static void optimize(void)
{
	if (unroll_loops)
		forget_optimized();
	fold_known_comparisons();
	fold_known_callees();
	inline_over_inputs();
	if (any_to_optimize())
		run_default_passes();
}

/* Whether passes see of the module no more than the order of uses. */
static bool only_order_matters(void)
{
	return !given_passes && !dump_path && !unroll_loops && !any_to_optimize() &&
	       !(any_numbered() && any_candidate());
}

/* The inliner's remark: `'f' inlined into 'g' with (cost=...)`, in either of its forms. */
static void take_remark(const char *remark)
{
	static const char words[] = "' inlined into '";
	const char *found = strstr(remark, words), *start = found;

	while (start > remark && start[-1] != '\'')
		start--;
	const char *into = found ? found + strlen(words) : "";
	if (start == remark || start == found || !strchr(into, '\''))
		return;
	char *function = xstrndup(start, found - start);
	char *caller = xstrndup(into, strcspn(into, "'"));
	note_add(NOTE_INLINED, function, caller);
	changed = true;
	free(function);
	free(caller);
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);
	const char *path = operands.count ? operands.items[0].text : NULL;

	if (notes_wanted)
		diagnostic_takes_remark = take_remark;
	target_start(!path || !strcmp(path, "-"));
	struct input input = input_read(path);
	module = module_parse(module_context(), input);
	module = module_read_anew(module, only_order_matters());
	context = LLVMGetModuleContext(module);
	char *triple = xasprintf("%s", LLVMGetTarget(module));
	char *layout = xasprintf("%s", LLVMGetDataLayoutStr(module));
	machine = target_of(module);
	changed =
	    strcmp(triple, LLVMGetTarget(module)) || strcmp(layout, LLVMGetDataLayoutStr(module));
	target_tell();
	warn_of_unoptimized();
	if (dump_path)
		module_dump(module, dump_path);
	bool runs_none = given_passes && (!*given_passes || !strcmp(given_passes, "none"));
	if (!runs_none && noreturn_mark(module))
		changed = true;
	notes_hold(module);
	if (!given_passes)
		optimize();
	else if (!runs_none)
		run_passes_alone(given_passes);
	notes_put(module);
	if (!changed)
		module_finish_unchanged(module, input, output);
	module_finish_to_generate(module, output);
}
