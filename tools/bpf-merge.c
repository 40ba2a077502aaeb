/* bpf-merge: makes one module of many, with only what is reachable from what stays visible.
 *
 * All symbols are resolved first, over all modules; then each module is linked once. Modules are
 * opened lazily: function bodies are read as the walk from the roots comes to them. LLVM's linker
 * copies what it is left with, and has no choice of its own: a definition that lost the resolution
 * has become a declaration by then, and one that nothing reaches is linkonce_odr, which LLVM links
 * only when something refers to it. */
#include "bitcode.h"
#include "byte-order.h"
#include "exports.h"
#include "kind.h"
#include "memory-intrinsics.h"
#include "message.h"
#include "module.h"
#include "names.h"
#include "options.h"
#include "pointers.h"
#include "stream.h"
#include "used.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

static const char *const modes[] = {"error", "warn", "ignore", NULL};
static const char *unresolved_symbols = "warn";
static bool strip_debug;

static const struct option_spec own_options[] = {
    {"unresolved-symbols", 0, OPTION_CHOICE, &unresolved_symbols, "MODE",
	"error, warn or ignore when a symbol is undefined (default: warn)", modes},
    {"strip-debug", 0, OPTION_FLAG, &strip_debug, NULL, "drop debug info"},
    {"fatal-errors", 0, OPTION_BOOL, &fatal_errors, "BOOL",
	"fail when LLVM reports an error (default: true)"},
    {NULL},
};

static const struct tool tool = {
    .name = "bpf-merge",
    .operands = "[FILE...]",
    .purpose =
	"Links a stream of LLVM modules, or bitcode and IR files, into one module that holds\n"
	"what is exported and what that needs.",
    .tables = (const struct option_spec *const[]){export_options, own_options, NULL},
    .most_operands = -1,
};

/* How strong a definition is; a stronger one wins, and of equals the first. */
enum strength { UNDEFINED, WEAK, COMMON, STRONG };

struct module {
	const struct stream_entry *entry;
	LLVMModuleRef ir; /* NULL until it is opened */
	bool takes_part;
	bool is_needed;                  /* something of it was reached */
	bool indexed;                    /* its archive's index names a symbol of it */
	bool strips_late;                /* only when all bodies are read, see has_debug_calls */
	LLVMPassManagerRef materializer; /* reads function bodies, see read_body */
	struct used *used;
	LLVMModuleRef with_lines; /* opened again for its debug info, see find_line */
};

struct symbol {
	const char *name;
	struct module *module; /* of the definition that won */
	LLVMValueRef definition;
	const struct use *use; /* the first that is not weak, NULL while there is none */
	enum strength strength;
	bool hidden;         /* one declaration or definition says so */
	bool wanted;         /* reachable */
	bool of_input;       /* a file of the command line defines it, visibly */
	bool in_asm;         /* module asm defines it */
	const char *section; /* of the first declaration that has one */
};

struct use {
	struct module *module;
	LLVMValueRef user;      /* a function or variable of the module; may be NULL */
	LLVMValueRef reference; /* the module's declaration */
};

/* A reachable definition whose references are still to be followed. */
struct task {
	struct module *module;
	LLVMValueRef value;
};

static LLVMContextRef context;
static struct module *modules;
static size_t module_count;
static struct names symbols;       /* of struct symbol */
static struct names members;       /* of the archives' struct module that would define the symbol */
static struct pointers reached;    /* definitions and constants that the walk has seen */
static struct pointers references; /* to definitions elsewhere, that the walk has seen */
static struct pointers lost;       /* definitions that lost against one elsewhere */
static struct {
	struct task *items;
	size_t count, room;
} tasks;
static struct {
	LLVMValueRef *items;
	size_t count;
} intrinsics;                /* reached, of memory */
static bool walking;         /* all inputs that take part from the start do so */
static bool overridden;      /* a definition that the walk had been to */
static struct module *model; /* the module whose target the result has: the first for BPF */

/* Memory for what lives until the program ends; there are many symbols. */
static void *allocate(size_t size)
{
	static char *chunk;
	static size_t left;

	size = (size + 15) & ~(size_t)15;
	if (size > left) {
		left = size > 1 << 16 ? size : 1 << 16;
		chunk = xcalloc(1, left);
	}
	left -= size;
	chunk += size;
	return chunk - size;
}

static struct symbol *symbol_of(const char *name)
{
	void **place = names_find(&symbols, name);

	if (!place) {
		/* LLVM frees a value's name with the value */
		struct symbol *symbol = allocate(sizeof *symbol);
		symbol->name = strcpy(allocate(strlen(name) + 1), name);
		place = names_add(&symbols, symbol->name);
		*place = symbol;
	}
	return *place;
}

static const char *name_of(const struct module *module)
{
	return module->entry->input.name;
}

/* Symbols */

static bool is_local(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;
}

/* llvm.used and the like: LLVM concatenates them. */
static bool is_special(LLVMValueRef global)
{
	return LLVMGetLinkage(global) == LLVMAppendingLinkage ||
	       !strncmp(value_name(global), "llvm.", 5);
}

/* In a group of which the linker keeps one, whatever the linkage. */
static bool is_deduplicated(LLVMValueRef global)
{
	LLVMComdatRef comdat = LLVMIsAGlobalObject(global) ? LLVMGetComdat(global) : NULL;

	return comdat && LLVMGetComdatSelectionKind(comdat) != LLVMNoDeduplicateComdatSelectionKind;
}

static enum strength strength_of(LLVMValueRef global)
{
	if (LLVMIsDeclaration(global))
		return UNDEFINED;
	switch (LLVMGetLinkage(global)) {
	case LLVMAvailableExternallyLinkage:
		return UNDEFINED;
	case LLVMCommonLinkage:
		return COMMON;
	case LLVMWeakAnyLinkage:
	case LLVMWeakODRLinkage:
	case LLVMLinkOnceAnyLinkage:
	case LLVMLinkOnceODRLinkage:
		return WEAK;
	default:
		return is_deduplicated(global) ? WEAK : STRONG;
	}
}

static bool is_function(LLVMValueRef global)
{
	if (LLVMIsAGlobalAlias(global))
		return LLVMGetTypeKind(LLVMGlobalGetValueType(global)) == LLVMFunctionTypeKind;
	return !LLVMIsAGlobalVariable(global);
}

static const char *sort_of(LLVMValueRef global)
{
	return is_function(global) ? "function" : "variable";
}

static unsigned long long size_of(const struct module *module, LLVMValueRef variable)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(variable);

	return LLVMTypeIsSized(type) ? LLVMABISizeOfType(LLVMGetModuleDataLayout(module->ir), type)
				     : 0;
}

/* Every C file of a BPF program brings its own license; equal ones are one. */
static bool is_same_note(LLVMValueRef a, LLVMValueRef b)
{
	const char *a_section, *b_section;

	if (!LLVMIsAGlobalVariable(a) || !LLVMIsAGlobalVariable(b))
		return false;
	a_section = LLVMGetSection(a);
	b_section = LLVMGetSection(b);
	return a_section && b_section && !strcmp(a_section, b_section) &&
	       (!strcmp(a_section, "license") || !strcmp(a_section, "version")) &&
	       LLVMGetInitializer(a) == LLVMGetInitializer(b);
}

static void align_common(LLVMValueRef winner, LLVMValueRef loser)
{
	if (LLVMGetAlignment(loser) > LLVMGetAlignment(winner))
		LLVMSetAlignment(winner, LLVMGetAlignment(loser));
}

static void check_same_sort(
    const struct symbol *symbol, const struct module *module, LLVMValueRef global)
{
	const struct use *use = symbol->use && symbol->use->reference ? symbol->use : NULL;
	LLVMValueRef other = symbol->definition ? symbol->definition : use ? use->reference : NULL;

	if (other && is_function(other) != is_function(global))
		fail("%s: symbol '%s' is a %s, but a %s in %s", name_of(module), symbol->name,
		    sort_of(global), sort_of(other),
		    name_of(symbol->definition ? symbol->module : use->module));
}

/* Puts a definition on the list of those to follow, once. */
static void reach(struct module *module, LLVMValueRef definition)
{
	if (!pointers_add(&reached, definition))
		return;
	if (tasks.count == tasks.room) {
		tasks.room = tasks.room ? 2 * tasks.room : 256;
		tasks.items = xrealloc(tasks.items, tasks.room * sizeof *tasks.items);
	}
	tasks.items[tasks.count++] = (struct task){module, definition};
}

static void lose(LLVMValueRef definition)
{
	pointers_add(&lost, definition);
}

static void resolve(struct symbol *symbol, struct module *module, LLVMValueRef definition)
{
	enum strength strength = strength_of(definition);
	bool takes_over = strength > symbol->strength;

	check_same_sort(symbol, module, definition);
	if (strength == STRONG && symbol->strength == STRONG &&
	    !is_same_note(symbol->definition, definition))
		fail("%s: duplicate symbol '%s', also defined in %s", name_of(module), symbol->name,
		    name_of(symbol->module));
	if (strength == COMMON && symbol->strength == COMMON) {
		takes_over =
		    size_of(module, definition) > size_of(symbol->module, symbol->definition);
		align_common(takes_over ? definition : symbol->definition,
		    takes_over ? symbol->definition : definition);
	}
	if (!takes_over) {
		lose(definition);
		return;
	}
	if (symbol->definition) {
		lose(symbol->definition);
		overridden |= pointers_has(&reached, symbol->definition);
	}
	symbol->module = module;
	symbol->definition = definition;
	symbol->strength = strength;
	if (symbol->wanted)
		reach(module, definition);
}

/* compiler_builtins' weak memcpy and its like are not made for the verifier; bpf-codegen brings
 * better ones. */
static bool is_unfit_builtin(LLVMValueRef definition)
{
	const char *name = value_name(definition);

	return keep_memory_builtins && strength_of(definition) == WEAK && is_memory_builtin(name) &&
	       !is_exported(name);
}

static void add_symbol(LLVMValueRef global, void *data)
{
	struct module *module = data;

	/* what has no name is not known elsewhere */
	if (is_special(global) || is_local(global) || !*value_name(global))
		return;
	struct symbol *symbol = symbol_of(value_name(global));
	if (!symbol->hidden && LLVMGetVisibility(global) == LLVMHiddenVisibility) {
		symbol->hidden = true;
		overridden |= symbol->of_input; /* it was a root */
	}
	if (LLVMIsDeclaration(global)) {
		if (!symbol->section && LLVMIsAGlobalObject(global))
			symbol->section = LLVMGetSection(global);
		return;
	}
	if (strength_of(global) == UNDEFINED || is_unfit_builtin(global))
		lose(global);
	else
		resolve(symbol, module, global);
}

/* Module asm: LLVM-C does not tell what it defines. */

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static size_t name_length(const char *text)
{
	return strcspn(text, " \t,:;=#\n");
}

static bool has_label(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text; text = strpbrk(text, "\n;"), text = text ? text + 1 : NULL) {
		const char *line = skip_blanks(text);
		if (name_length(line) == length && !memcmp(line, name, length) &&
		    *skip_blanks(line + length) == ':')
			return true;
	}
	return false;
}

/* Calls visit for each name that module asm both makes global and has a label for. */
static void each_asm_symbol(
    struct module *module, void (*visit)(struct module *module, const char *name))
{
	static const char *const directives[] = {".globl", ".global", ".weak"};
	size_t length;
	const char *given = LLVMGetModuleInlineAsm(module->ir, &length);
	char *text = strndup(given, length);

	for (const char *line = length ? text : NULL; line;
	    line = strpbrk(line, "\n;"), line = line ? line + 1 : NULL) {
		const char *word = skip_blanks(line);
		for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
			size_t directive = strlen(directives[i]);
			if (strncmp(word, directives[i], directive) ||
			    !strchr(" \t", word[directive]))
				continue;
			const char *place = skip_blanks(word + directive);
			while (name_length(place)) {
				char *name = strndup(place, name_length(place));
				if (has_label(text, name))
					visit(module, name);
				place = skip_blanks(place + strlen(name));
				place = *place == ',' ? skip_blanks(place + 1) : "";
				free(name);
			}
		}
	}
	free(text);
}

static void add_asm_symbol(struct module *module, const char *name)
{
	(void)module;
	symbol_of(name)->in_asm = true;
}

/* Taking part */

static bool is_bpf(const struct module *module)
{
	return is_bpf_triple(LLVMGetTarget(module->ir));
}

static const char *byte_order(const struct module *module)
{
	return is_big_endian_module(module->ir) ? "big" : "little";
}

static void check_target(struct module *module)
{
	if (!model || (is_bpf(module) && !is_bpf(model)))
		model = module;
	if (is_bpf(module) && is_big_endian_module(module->ir) != is_big_endian_module(model->ir))
		fail("%s: is %s-endian BPF, but %s is %s-endian", name_of(module),
		    byte_order(module), name_of(model), byte_order(model));
}

static void follow_constant(struct module *module, LLVMValueRef user, LLVMValueRef constant);

/* What the module marks as used is a root. */
static void add_roots_of_module(struct module *module)
{
	for (LLVMValueRef global = LLVMGetFirstGlobal(module->ir); global;
	    global = LLVMGetNextGlobal(global))
		if (LLVMGetLinkage(global) == LLVMAppendingLinkage && LLVMGetInitializer(global))
			follow_constant(module, NULL, LLVMGetInitializer(global));
}

/* LLVM before 19 wrote variable locations as calls. When LLVM makes records of them, in a body that
 * it reads, it needs their own locations. */
static bool has_debug_calls(LLVMModuleRef ir)
{
	static const char *const names[] = {
	    "llvm.dbg.value", "llvm.dbg.declare", "llvm.dbg.label", "llvm.dbg.assign"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (LLVMGetNamedFunction(ir, names[i]))
			return true;
	return false;
}

static void open_module(struct module *module)
{
	if (module->ir)
		return;
	module->ir = module_open(context, module->entry->input);
	module->strips_late = strip_debug && has_debug_calls(module->ir);
	if (strip_debug && !module->strips_late)
		LLVMStripModuleDebugInfo(module->ir);
	module->materializer = LLVMCreateFunctionPassManagerForModule(module->ir);
	module->used = used_read(module->ir);
}

static void take_part(struct module *module)
{
	if (module->takes_part)
		return;
	message(LEVEL_DEBUG, "%s: takes part", name_of(module));
	module->takes_part = true;
	open_module(module);
	check_target(module);
	module_each_global(module->ir, add_symbol, module);
	each_asm_symbol(module, add_asm_symbol);
	if (walking)
		add_roots_of_module(module);
}

/* The walk over what is reachable */

/* Brings in the member of an archive that defines the symbol, where no other input does. */
static void find_definition(struct symbol *symbol)
{
	void **member =
	    symbol->definition || symbol->in_asm ? NULL : names_find(&members, symbol->name);

	if (member)
		take_part(*member);
}

/* user may be NULL: no module refers to the root. */
static void want_root(struct symbol *symbol, struct module *user)
{
	symbol->wanted = true;
	if (user && !symbol->use) {
		struct use use = {.module = user};
		symbol->use = memcpy(allocate(sizeof use), &use, sizeof use);
	}
	find_definition(symbol);
	if (symbol->definition)
		reach(symbol->module, symbol->definition);
}

static void want(struct symbol *symbol, struct use use)
{
	symbol->wanted = true;
	/* as with ELF, a weak reference brings in no member of an archive */
	if (LLVMGetLinkage(use.reference) != LLVMExternalWeakLinkage) {
		if (!symbol->use)
			symbol->use = memcpy(allocate(sizeof use), &use, sizeof use);
		find_definition(symbol);
	}
	if (symbol->definition)
		reach(symbol->module, symbol->definition);
	check_same_sort(symbol, use.module, use.reference);
}

static void note_intrinsic(LLVMValueRef function)
{
	if (strncmp(value_name(function), "llvm.mem", 8) || !pointers_add(&reached, function))
		return;
	intrinsics.items =
	    xrealloc(intrinsics.items, (intrinsics.count + 1) * sizeof *intrinsics.items);
	intrinsics.items[intrinsics.count++] = function;
}

static void follow_global(struct module *module, LLVMValueRef user, LLVMValueRef global)
{
	if (is_local(global) || !*value_name(global)) {
		reach(module, global);
		return;
	}
	if (is_special(global)) {
		note_intrinsic(global);
		return;
	}
	/* one that lost may have been reached all the same, by an alias */
	if (pointers_has(&references, global) ||
	    (pointers_has(&reached, global) && !pointers_has(&lost, global)))
		return;
	struct symbol *symbol = symbol_of(value_name(global));
	if (symbol->definition == global) {
		symbol->wanted = true;
		reach(module, global);
	} else {
		pointers_add(&references, global);
		want(symbol, (struct use){module, user, global});
	}
}

static void follow_constant(struct module *module, LLVMValueRef user, LLVMValueRef constant)
{
	/* of these, the numbers are the same in all versions of LLVM-C */
	switch (LLVMGetValueKind(constant)) {
	case LLVMFunctionValueKind:
	case LLVMGlobalAliasValueKind:
	case LLVMGlobalIFuncValueKind:
	case LLVMGlobalVariableValueKind:
		follow_global(module, user, constant);
		return;
	case LLVMConstantExprValueKind:
	case LLVMConstantArrayValueKind:
	case LLVMConstantStructValueKind:
	case LLVMConstantVectorValueKind:
	case LLVMBlockAddressValueKind:
		break;
	default:
		return;
	}
	if (pointers_add(&reached, constant))
		for (int i = 0; i < LLVMGetNumOperands(constant); i++)
			follow_constant(module, user, LLVMGetOperand(constant, i));
}

static void follow_operands(struct module *module, LLVMValueRef user, LLVMValueRef value)
{
	int count = LLVMGetNumOperands(value);

	for (int i = 0; i < count; i++)
		follow_constant(module, user, LLVMGetOperand(value, i));
}

/* LLVM-C reads a body from lazily opened bitcode when a pass manager, be it empty, runs on it. */
static void read_body(struct module *module, LLVMValueRef function)
{
	message_subject = name_of(module);
	LLVMRunFunctionPassManager(module->materializer, function);
	if (LLVMVerifyFunction(function, LLVMReturnStatusAction))
		fail("%s: function '%s' is not valid LLVM IR", name_of(module),
		    value_name(function));
	message_subject = NULL;
}

static void follow_function(struct module *module, LLVMValueRef function)
{
	read_body(module, function);
	follow_operands(module, function, function); /* a personality, say */
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			follow_operands(module, function, instruction);
}

/* As in ELF, an alias stands for what its own module has, even where that lost as a symbol. */
static LLVMValueRef base_of(LLVMValueRef alias)
{
	LLVMValueRef base = LLVMAliasGetAliasee(alias);

	while (LLVMIsAConstantExpr(base))
		base = LLVMGetOperand(base, 0);
	return base;
}

static void follow_tasks(void)
{
	while (tasks.count) {
		struct task task = tasks.items[--tasks.count];
		if (LLVMIsAFunction(task.value))
			follow_function(task.module, task.value);
		else if (LLVMIsAGlobalAlias(task.value))
			reach(task.module, base_of(task.value));
		else
			follow_operands(task.module, task.value, task.value);
	}
}

static void want_if_visible(LLVMValueRef global, void *data)
{
	struct module *module = data;

	if (is_local(global) || is_special(global) || LLVMIsDeclaration(global))
		return;
	struct symbol *symbol = symbol_of(value_name(global));
	if (!symbol->definition || symbol->hidden)
		return;
	symbol->of_input = true;
	want_root(symbol, module);
}

/* LLVM-C does not tell an undefined symbol from that which names the source file. */
static bool may_be_symbol(const char *name)
{
	return !strpbrk(name, "./-<> ");
}

static void want_references(struct module *module)
{
	struct input input = module->entry->input;
	char *lines = strndup((const char *)input.data, input.size), *line;

	while ((line = strsep(&lines, "\n")))
		if (*line)
			want_root(symbol_of(line), may_be_symbol(line) ? module : NULL);
}

static void add_roots(void)
{
	for (size_t i = 0; i < exports.count; i++)
		want_root(symbol_of(exports.items[i].text), NULL);
	for (size_t i = 0; i < module_count; i++) {
		struct module *module = &modules[i];
		if (module->entry->content == CONTENT_REFERENCES)
			want_references(module);
		if (module->takes_part)
			add_roots_of_module(module);
		if (module->takes_part && module->entry->origin == ORIGIN_INPUT && !exports_given)
			module_each_global(module->ir, want_if_visible, module);
	}
	/* code generation may call the user's own */
	for (size_t i = 0; keep_memory_builtins && memory_builtins[i]; i++) {
		struct symbol *symbol = symbol_of(memory_builtins[i]);
		if (symbol->definition)
			want_root(symbol, NULL);
	}
}

/* Calls that code generation will make of memory intrinsics bring in members of archives. */
static void want_builtins_of_intrinsics(void)
{
	for (size_t i = 0; i < intrinsics.count; i++) {
		const char *builtin = memory_intrinsic_calls(intrinsics.items[i]);
		if (builtin)
			want_root(symbol_of(builtin), NULL);
	}
}

static void forget_walk(void)
{
	pointers_clear(&reached);
	pointers_clear(&references);
	tasks.count = intrinsics.count = 0;
	for (size_t i = 0; i < symbols.count; i++) {
		struct symbol *symbol = symbols.items[i].value;
		symbol->wanted = symbol->of_input = false;
		symbol->use = NULL;
	}
}

static void walk(void)
{
	size_t known;

	walking = true;
	do {
		/* a member that came late has a stronger definition than one already followed */
		if (overridden)
			forget_walk();
		overridden = false;
		add_roots();
		follow_tasks();
		do {
			known = intrinsics.count;
			want_builtins_of_intrinsics();
			follow_tasks();
		} while (intrinsics.count > known);
	} while (overridden);
}

/* Reading the inputs */

/* name must stay valid. */
static void add_member(struct module *module, const char *name)
{
	void **first = names_add(&members, name);

	if (!*first || module < (struct module *)*first)
		*first = module;
}

static void add_definition_of_member(LLVMValueRef global, void *data)
{
	if (!is_special(global) && !is_local(global) && strength_of(global) != UNDEFINED)
		add_member(data, symbol_of(value_name(global))->name);
}

static bool holds_module(const struct module *module)
{
	return module->entry->content == CONTENT_BITCODE || module->entry->content == CONTENT_IR;
}

static void add_asm_member(struct module *module, const char *name)
{
	add_member(module, symbol_of(name)->name);
}

static void read_index(const struct module *index)
{
	struct input input = index->entry->input;
	char *lines = strndup((const char *)input.data, input.size), *line, *name;

	while ((line = strsep(&lines, "\n"))) {
		unsigned long distance = strtoul(line, &name, 10);
		if (*name != ' ' || distance > (size_t)(index - modules))
			continue;
		struct module *member = (struct module *)index - distance;
		if (!holds_module(member))
			continue;
		member->indexed = true;
		add_member(member, name + 1);
	}
}

static bool names_used_arrays(struct input input)
{
	static const char *const names[] = {"llvm.used", "llvm.compiler.used"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (memmem(input.data, input.size, names[i], strlen(names[i])))
			return true;
	return false;
}

/* The names of all globals stand in a string table, in plain bytes. LLVM before 5 had none; IR has
 * them anywhere. */
static bool may_mark_as_used(struct input input)
{
	size_t place = 0;
	struct input names = bitcode_next_block(input, BITCODE_STRTAB, &place, NULL);

	if (!names.data)
		return names_used_arrays(input);
	for (; names.data; names = bitcode_next_block(input, BITCODE_STRTAB, &place, NULL))
		if (names_used_arrays(names))
			return true;
	return false;
}

static struct stream read_inputs(const struct operands *operands)
{
	struct stream stream = {NULL, 0};

	for (size_t i = 0; i < operands->count || i == 0; i++) {
		struct input input = input_read(operands->count ? operands->items[i].text : NULL);
		switch (kind_of(input.data, input.size)) {
		case KIND_STREAM:
			stream_read(&stream, input);
			break;
		case KIND_BITCODE:
			stream_add(
			    &stream, (struct stream_entry){input, ORIGIN_INPUT, CONTENT_BITCODE});
			break;
		case KIND_IR:
			stream_add(&stream, (struct stream_entry){input, ORIGIN_INPUT, CONTENT_IR});
			break;
		default:
			fail(
			    "%s: is neither a stream of modules, LLVM bitcode nor textual IR; bpf-extract reads other files",
			    input.name);
		}
	}
	return stream;
}

static void open_inputs(const struct stream *stream)
{
	module_count = stream->count;
	modules = xcalloc(module_count + 1, sizeof *modules);
	for (size_t i = 0; i < module_count; i++)
		modules[i].entry = &stream->entries[i];
	for (size_t i = 0; i < module_count; i++)
		if (modules[i].entry->content == CONTENT_INDEX)
			read_index(&modules[i]);
	for (size_t i = 0; i < module_count; i++) {
		struct module *module = &modules[i];
		if (!holds_module(module))
			continue;
		if (module->entry->origin == ORIGIN_INPUT ||
		    may_mark_as_used(module->entry->input)) {
			take_part(module);
		} else if (!module->indexed) {
			open_module(module);
			module_each_global(module->ir, add_definition_of_member, module);
			each_asm_symbol(module, add_asm_member);
		}
	}
}

/* Undefined symbols */

static bool comes_from_kernel(const struct symbol *symbol)
{
	return symbol->section &&
	       (!strcmp(symbol->section, ".ksyms") || !strcmp(symbol->section, ".kconfig"));
}

static bool is_undefined(const struct symbol *symbol)
{
	return symbol->use && !symbol->definition && !symbol->in_asm &&
	       !comes_from_kernel(symbol) &&
	       !(keep_memory_builtins && is_memory_builtin(symbol->name));
}

static bool refers_to(LLVMValueRef value, LLVMValueRef reference)
{
	if (value == reference)
		return true;
	if (!LLVMIsAConstant(value) || LLVMIsAGlobalValue(value))
		return false;
	for (int i = 0; i < LLVMGetNumOperands(value); i++)
		if (refers_to(LLVMGetOperand(value, i), reference))
			return true;
	return false;
}

static bool uses(LLVMValueRef instruction, LLVMValueRef reference)
{
	for (int i = 0; i < LLVMGetNumOperands(instruction); i++)
		if (refers_to(LLVMGetOperand(instruction, i), reference))
			return true;
	return false;
}

/* `FILE:LINE` of the function's first instruction that uses the reference and has a place; NULL
 * where none has. */
static char *find_line_in(LLVMValueRef function, LLVMValueRef reference)
{
	unsigned length;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			if (!LLVMGetDebugLocLine(instruction) || !uses(instruction, reference))
				continue;
			const char *file = LLVMGetDebugLocFilename(instruction, &length);
			return xasprintf(
			    "%.*s:%u", (int)length, file, LLVMGetDebugLocLine(instruction));
		}
	return NULL;
}

/* The same of a use. The module is opened once more, since its debug info may have been dropped
 * when it was read. */
static char *find_line(const struct use *use)
{
	if (!use->module->with_lines)
		use->module->with_lines = module_open(module_context(), use->module->entry->input);
	const char *name = value_name(use->reference);
	LLVMModuleRef ir = use->module->with_lines;
	LLVMValueRef function = LLVMGetNamedFunction(ir, value_name(use->user));
	LLVMValueRef reference = LLVMGetNamedFunction(ir, name);

	if (!reference)
		reference = LLVMGetNamedGlobal(ir, name);
	if (!function || !reference)
		return NULL;
	LLVMRunFunctionPassManager(LLVMCreateFunctionPassManagerForModule(ir), function);
	return find_line_in(function, reference);
}

/* `, used by function 'f' (file.c:3)`, as far as that is known. */
static char *describe_user(const struct use *use)
{
	if (!use->user)
		return "";
	char *user = xasprintf(", used by %s '%s'", sort_of(use->user), value_name(use->user));
	char *line = is_function(use->user) ? find_line(use) : NULL;
	return line ? xasprintf("%s (%s)", user, line) : user;
}

/* An exported symbol of which nothing else is to be said. */
static bool is_missing_root(const struct symbol *symbol)
{
	return !symbol->definition && !symbol->in_asm && !is_undefined(symbol);
}

static void report_undefined(void)
{
	bool is_error = !strcmp(unresolved_symbols, "error"), any = false;

	for (size_t i = 0; i < exports.count; i++)
		if (is_missing_root(symbol_of(exports.items[i].text)))
			message(LEVEL_WARN, "exported symbol '%s' is not defined in any input",
			    exports.items[i].text);
	if (!strcmp(unresolved_symbols, "ignore"))
		return;
	for (size_t i = 0; i < symbols.count; i++) {
		const struct symbol *symbol = symbols.items[i].value;
		if (!is_undefined(symbol))
			continue;
		any = true;
		message(is_error ? LEVEL_ERROR : LEVEL_WARN, "%s: undefined symbol '%s'%s",
		    name_of(symbol->use->module), symbol->name, describe_user(symbol->use));
	}
	if (any && is_error)
		fail_silently(1);
}

/* Linking: each module is trimmed to what was reached, then moved into the result */

struct aliases {
	const char *name;
	LLVMValueRef aliasee, *items;
	size_t count;
};

static void add_alias(LLVMValueRef global, void *data)
{
	struct aliases *aliases = data;

	if (!LLVMIsAGlobalAlias(global) || base_of(global) != aliases->aliasee)
		return;
	if (LLVMAliasGetAliasee(global) != aliases->aliasee)
		fail("%s: alias '%s' points into '%s', which another input defines; not supported",
		    message_subject, value_name(global), aliases->name);
	aliases->items = xrealloc(aliases->items, (aliases->count + 1) * sizeof global);
	aliases->items[aliases->count++] = global;
}

static void replace_by_declaration(LLVMModuleRef ir, LLVMValueRef definition)
{
	char *name = xasprintf("%s", value_name(definition));
	LLVMTypeRef type = LLVMGlobalGetValueType(definition);
	LLVMValueRef declaration;

	LLVMSetValueName2(definition, "", 0);
	LLVMSetLinkage(definition, LLVMInternalLinkage);
	LLVMSetVisibility(definition, LLVMDefaultVisibility);
	if (is_function(definition)) {
		declaration = LLVMAddFunction(ir, name, type);
	} else {
		declaration = LLVMAddGlobal(ir, type, name);
		if (LLVMIsAGlobalVariable(definition))
			LLVMSetGlobalConstant(declaration, LLVMIsGlobalConstant(definition));
	}
	struct aliases aliases = {.name = name, .aliasee = definition};
	module_each_global(ir, add_alias, &aliases);
	LLVMReplaceAllUsesWith(definition, declaration);
	for (size_t i = 0; i < aliases.count; i++)
		LLVMAliasSetAliasee(aliases.items[i], definition);
	free(aliases.items);
	free(name);
}

/* Without exports on the command line, functions of archives serve the program alone: the verifier
 * then checks them where they are called. Variables stay visible for user space. */
static bool serves_program_alone(const struct module *module, LLVMValueRef definition)
{
	return !exports_given && module->entry->origin == ORIGIN_MEMBER &&
	       !symbol_of(value_name(definition))->of_input && is_function(definition) &&
	       !used_has(module->used, definition);
}

/* LLVM keeps the first declaration of many. */
static void trim_declaration(LLVMValueRef declaration)
{
	const struct symbol *symbol = symbol_of(value_name(declaration));

	if (LLVMGetLinkage(declaration) == LLVMExternalWeakLinkage && symbol->use)
		LLVMSetLinkage(declaration, LLVMExternalLinkage);
	if (symbol->section && !LLVMGetSection(declaration))
		LLVMSetSection(declaration, symbol->section);
}

static void trim(LLVMValueRef global, void *data)
{
	struct module *module = data;

	if (is_special(global))
		return;
	if (LLVMIsAGlobalObject(global))
		LLVMSetComdat(global, NULL);
	if (is_local(global) || !*value_name(global))
		return;
	if (LLVMIsDeclaration(global)) {
		trim_declaration(global);
		return;
	}
	if (pointers_has(&lost, global)) {
		replace_by_declaration(module->ir, global);
		return;
	}
	if (!pointers_has(&reached, global)) {
		LLVMSetLinkage(global, LLVMLinkOnceODRLinkage);
		return;
	}
	module->is_needed = true;
	if (symbol_of(value_name(global))->hidden || serves_program_alone(module, global))
		LLVMSetVisibility(global, LLVMHiddenVisibility);
	switch (LLVMGetLinkage(global)) {
	case LLVMLinkOnceAnyLinkage:
		LLVMSetLinkage(global, LLVMWeakAnyLinkage);
		break;
	case LLVMLinkOnceODRLinkage:
		LLVMSetLinkage(global, LLVMWeakODRLinkage);
		break;
	case LLVMCommonLinkage:
		LLVMSetLinkage(global, LLVMExternalLinkage);
		break;
	default:
		break;
	}
}

/* compiler_builtins brings host assembly, which no BPF program has a use for. */
static void drop_stack_probes(LLVMModuleRef ir)
{
	size_t length;
	const char *text = LLVMGetModuleInlineAsm(ir, &length);

	if (memmem(text, length, "__rust_probestack", strlen("__rust_probestack")))
		LLVMSetModuleInlineAsm2(ir, "", 0);
}

static void link_module(LLVMModuleRef result, struct module *module)
{
	size_t length;

	message_subject = name_of(module);
	module_each_global(module->ir, trim, module);
	drop_stack_probes(module->ir);
	LLVMGetModuleInlineAsm(module->ir, &length);
	if (!module->is_needed && !length && !used_any(module->used)) {
		message_subject = NULL;
		return;
	}
	if (module->strips_late)
		LLVMStripModuleDebugInfo(module->ir);
	LLVMSetTarget(module->ir, LLVMGetTarget(result));
	LLVMSetDataLayout(module->ir, LLVMGetDataLayoutStr(result));
	if (LLVMLinkModules2(result, module->ir)) {
		module_check_errors();
		fail("%s: cannot be linked", name_of(module));
	}
	message_subject = NULL;
}

static LLVMModuleRef link_modules(void)
{
	LLVMModuleRef result = LLVMModuleCreateWithNameInContext("bpf-linker", context);

	LLVMSetTarget(result, LLVMGetTarget(model->ir));
	LLVMSetDataLayout(result, LLVMGetDataLayoutStr(model->ir));
	for (size_t i = 0; i < module_count; i++)
		if (modules[i].takes_part)
			link_module(result, &modules[i]);
	return result;
}

int main(int argc, char **argv)
{
	struct operands operands = tool_start(&tool, argc, argv);
	struct output *output = output_open(output_path, true);

	exports_read();
	struct stream stream = read_inputs(&operands);
	context = module_context();
	open_inputs(&stream);
	walk();
	report_undefined();
	if (!model)
		fail(
		    "nothing to link: no archive member has what is exported, and no other input is given");
	module_finish(link_modules(), output);
}
