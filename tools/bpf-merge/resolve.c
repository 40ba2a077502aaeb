/* Which definition of a symbol prevails, and what is live.
 *
 * The two go together: a module takes part when something live refers to what it defines, and what
 * it defines may prevail over what was live. Then marking begins anew. */
#include "btf-need.h"
#include "exports.h"
#include "linker.h"
#include "memory-intrinsics.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "string-builtins.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

/* Resolution */
static void add_module(struct module *module);
static void add_symbol(LLVMValueRef global, void *module);
static void resolve(struct symbol *symbol, struct module *module, LLVMValueRef definition);

/* Roots */
static void mark_roots(struct linker *linker);
static void mark_roots_of_module(struct module *module);
static void mark_root(struct linker *linker, struct symbol *symbol, struct module *user);
static void mark_memory_builtins(struct linker *linker);
static void clear_marks(struct linker *linker);

/* Marking */
static void mark_definition(struct module *module, LLVMValueRef definition);
static void mark_symbol(struct linker *linker, struct symbol *symbol);
static void mark_global(struct module *module, LLVMValueRef user, LLVMValueRef global);
static void process_worklist(struct linker *linker);
static void scan_function(struct module *module, LLVMValueRef function);
static void scan_constant(struct module *module, LLVMValueRef user, LLVMValueRef constant);
static void mark_asm_reference(struct module *module, const char *name);

void add_inputs(struct linker *linker)
{
	for (size_t i = 0; i < linker->module_count; i++) {
		struct module *module = &linker->modules[i];
		if (!holds_module(module))
			continue;
		if (is_root_module(module))
			add_module(module);
		else if (!module->indexed)
			add_lazy_symbols(module);
	}
}

void mark_live(struct linker *linker)
{
	linker->is_marking = true;
	do {
		if (linker->must_restart)
			clear_marks(linker);
		linker->must_restart = false;
		mark_roots(linker);
		process_worklist(linker);
		mark_memory_builtins(linker);
	} while (linker->must_restart);
}

/* Resolution */

static void add_asm_symbol(struct module *module, const char *name)
{
	symbol_of(module->linker, name)->in_asm = true;
}

static void add_module(struct module *module)
{
	if (module->takes_part)
		return;
	message(LEVEL_DEBUG, "%s: is linked", input_name(module));
	module->takes_part = true;
	open_module(module);
	module_check_names(module->ir, input_name(module));
	check_target(module);
	module_each_global(module->ir, add_symbol, module);
	each_asm_symbol(module, add_asm_symbol);
	if (module->linker->is_marking)
		mark_roots_of_module(module);
}

/* compiler_builtins' weak memcpy and its like are not made for the verifier; bpf-codegen brings
 * better ones. */
static bool is_replaced_builtin(LLVMValueRef definition)
{
	const char *name = value_name(definition);
	bool is_builtin =
	    is_memory_builtin(name) || (LLVMGetVisibility(definition) == LLVMHiddenVisibility &&
					   is_string_builtin(definition));

	return keep_memory_builtins && strength_of(definition) == WEAK && is_builtin &&
	       !is_exported(name);
}

static void add_symbol(LLVMValueRef global, void *data)
{
	struct module *module = data;
	struct linker *linker = module->linker;

	const char *name = symbol_name(global);
	if (!name)
		return;
	struct symbol *symbol = symbol_of(linker, name);
	if (!symbol->hidden && LLVMGetVisibility(global) == LLVMHiddenVisibility) {
		symbol->hidden = true;
		linker->must_restart |= symbol->visible_in_input; /* it was a root */
	}
	if (LLVMIsDeclaration(global)) {
		if (!symbol->section && LLVMIsAGlobalObject(global))
			symbol->section = LLVMGetSection(global);
		return;
	}
	if (strength_of(global) == UNDEFINED || is_replaced_builtin(global))
		map_add(&linker->nonprevailing, global);
	else
		resolve(symbol, module, global);
}

/* Of two definitions; what only refers to one gets a warning, see mismatch.c. */
static void check_same_kind(
    const struct symbol *symbol, const struct module *module, LLVMValueRef definition)
{
	LLVMValueRef other = symbol->definition;

	if (other && is_function(other) != is_function(definition))
		fail("%s: symbol '%s' is a %s, but a %s in %s", input_name(module), symbol->name,
		    kind_name(definition), kind_name(other), input_name(symbol->module));
}

/* What is to be said where a file is given twice, or a copy of it. */
static const char *describe_copy(const struct module *module, const struct module *other)
{
	struct input own = module->entry->input, others = other->entry->input;

	if (!strcmp(input_name(module), input_name(other)))
		return ": this input is given twice";
	if (own.size == others.size && !memcmp(own.data, others.data, own.size))
		return ", which is the same file or a copy of it";
	return "";
}

static void check_duplicate(
    const struct symbol *symbol, struct module *module, LLVMValueRef definition)
{
	struct definition first = {symbol->module, symbol->definition};

	/* every C file of a BPF program brings its own license */
	if (!is_same_license(first, (struct definition){module, definition}))
		fail("%s: duplicate symbol '%s', also defined in %s%s", input_name(module),
		    symbol->name, input_name(symbol->module),
		    describe_copy(module, symbol->module));
}

static unsigned long long size_of(const struct module *module, LLVMValueRef variable)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(variable);

	return LLVMTypeIsSized(type) ? LLVMABISizeOfType(LLVMGetModuleDataLayout(module->ir), type)
				     : 0;
}

/* Of common definitions the largest prevails, with the greatest alignment of all. */
static bool prevails_as_common(
    const struct symbol *symbol, const struct module *module, LLVMValueRef definition)
{
	bool is_larger = size_of(module, definition) > size_of(symbol->module, symbol->definition);
	LLVMValueRef prevailing = is_larger ? definition : symbol->definition;
	LLVMValueRef other = is_larger ? symbol->definition : definition;

	if (LLVMGetAlignment(other) > LLVMGetAlignment(prevailing))
		LLVMSetAlignment(prevailing, LLVMGetAlignment(other));
	return is_larger;
}

static void resolve(struct symbol *symbol, struct module *module, LLVMValueRef definition)
{
	struct linker *linker = module->linker;
	enum strength strength = strength_of(definition);
	bool prevails = strength > symbol->strength;

	check_same_kind(symbol, module, definition);
	if (strength == STRONG && symbol->strength == STRONG)
		check_duplicate(symbol, module, definition);
	if (strength == COMMON && symbol->strength == COMMON)
		prevails = prevails_as_common(symbol, module, definition);
	if (!prevails) {
		map_add(&linker->nonprevailing, definition);
		return;
	}
	if (symbol->definition) {
		map_add(&linker->nonprevailing, symbol->definition);
		linker->must_restart |= map_has(&linker->live, symbol->definition);
	}
	symbol->module = module;
	symbol->definition = definition;
	symbol->strength = strength;
	if (symbol->live)
		mark_definition(module, definition);
}

/* Roots */

/* What the module marks as used. */
static void mark_roots_of_module(struct module *module)
{
	for (LLVMValueRef global = LLVMGetFirstGlobal(module->ir); global;
	    global = LLVMGetNextGlobal(global))
		if (LLVMGetLinkage(global) == LLVMAppendingLinkage && LLVMGetInitializer(global))
			scan_constant(module, NULL, LLVMGetInitializer(global));
	each_module_asm_reference(module, mark_asm_reference);
}

static void mark_if_visible(LLVMValueRef global, void *data)
{
	struct module *module = data;

	const char *name = LLVMIsDeclaration(global) ? NULL : symbol_name(global);
	if (!name)
		return;
	struct symbol *symbol = symbol_of(module->linker, name);
	/* user space sees hidden variables */
	if (!symbol->definition || (symbol->hidden && is_function(global)))
		return;
	symbol->visible_in_input = true;
	mark_root(module->linker, symbol, module);
}

/* LLVM-C does not tell an undefined symbol from that which names the source file. */
static bool may_be_symbol(const char *name)
{
	return !strpbrk(name, "./-<> ");
}

/* What an object without bitcode leaves undefined. */
static void mark_undefined_of_object(struct module *object)
{
	struct input input = object->entry->input;
	char *lines = xstrndup((const char *)input.data, input.size), *line;

	while ((line = strsep(&lines, "\n")))
		if (*line)
			mark_root(object->linker, symbol_of(object->linker, line),
			    may_be_symbol(line) ? object : NULL);
}

static void mark_roots(struct linker *linker)
{
	for (size_t i = 0; i < exports.count; i++)
		mark_root(linker, symbol_of(linker, exports.items[i].key), NULL);
	for (size_t i = 0; i < linker->module_count; i++) {
		struct module *module = &linker->modules[i];
		if (module->entry->content == CONTENT_REFERENCES)
			mark_undefined_of_object(module);
		if (module->takes_part)
			mark_roots_of_module(module);
		if (module->takes_part && module->entry->origin == ORIGIN_INPUT && !exports_given)
			module_each_global(module->ir, mark_if_visible, module);
	}
	/* code generation may call the user's own */
	for (size_t i = 0; keep_memory_builtins && memory_builtins[i]; i++) {
		struct symbol *symbol = symbol_of(linker, memory_builtins[i]);
		if (symbol->definition)
			mark_root(linker, symbol, NULL);
	}
}

/* user may be NULL: no module refers to the root. */
static void mark_root(struct linker *linker, struct symbol *symbol, struct module *user)
{
	if (user && !symbol->use) {
		struct use *use = allocate(linker, sizeof *use);
		use->module = user;
		symbol->use = use;
	}
	mark_symbol(linker, symbol);
}

/* Calls that code generation will make of memory intrinsics bring in members of archives. */
static void mark_memory_builtins(struct linker *linker)
{
	size_t known;

	do {
		known = linker->memory_intrinsics.count;
		for (size_t i = 0; i < linker->memory_intrinsics.count; i++) {
			const char *builtin =
			    memory_intrinsic_calls(linker->memory_intrinsics.items[i]);
			if (builtin)
				mark_root(linker, symbol_of(linker, builtin), NULL);
		}
		process_worklist(linker);
	} while (linker->memory_intrinsics.count > known);
}

static void clear_marks(struct linker *linker)
{
	map_clear(&linker->live);
	map_clear(&linker->references);
	map_clear(&linker->asm_locals);
	linker->needs_btf = false;
	linker->worklist.count = linker->bodies.count = linker->asm_calls.count = 0;
	linker->memory_intrinsics.count = linker->uses.count = 0;
	for (size_t i = 0; i < linker->symbols.count; i++) {
		struct symbol *symbol = linker->symbols.items[i].value;
		symbol->live = symbol->visible_in_input = false;
		symbol->use = NULL;
	}
}

/* Marking */

static void mark_definition(struct module *module, LLVMValueRef definition)
{
	struct linker *linker = module->linker;

	if (!map_add(&linker->live, definition))
		return;
	array_add(&linker->worklist, (struct definition){module, definition});
	linker->needs_btf |= btf_need(definition) != NULL;
}

/* Brings in the member of an archive that defines the symbol, where no other input does. */
static void find_definition(struct linker *linker, struct symbol *symbol)
{
	struct module *member = symbol->definition || symbol->in_asm
				    ? NULL
				    : map_get(&linker->lazy_symbols, symbol->name);

	if (member)
		add_module(member);
}

static void mark_symbol(struct linker *linker, struct symbol *symbol)
{
	symbol->live = true;
	find_definition(linker, symbol);
	if (symbol->definition)
		mark_definition(symbol->module, symbol->definition);
}

/* As with ELF, a weak reference brings in no member of an archive. */
static void mark_weak_symbol(struct symbol *symbol)
{
	symbol->live = true;
	if (symbol->definition)
		mark_definition(symbol->module, symbol->definition);
}

/* A use of what another module defines, or none. */
static void mark_use(struct symbol *symbol, struct use use)
{
	struct linker *linker = use.module->linker;

	if (LLVMGetLinkage(use.reference) == LLVMExternalWeakLinkage) {
		mark_weak_symbol(symbol);
	} else {
		if (!symbol->use)
			symbol->use = memcpy(allocate(linker, sizeof use), &use, sizeof use);
		mark_symbol(linker, symbol);
	}
	array_add(&linker->uses, use);
	linker->needs_btf |= btf_need(use.reference) != NULL;
}

static void mark_llvm_global(struct linker *linker, LLVMValueRef global)
{
	if (!strncmp(value_name(global), "llvm.mem", 8) && map_add(&linker->live, global))
		array_add(&linker->memory_intrinsics, global);
	linker->needs_btf |= btf_need(global) && map_add(&linker->references, global);
}

static void mark_global(struct module *module, LLVMValueRef user, LLVMValueRef global)
{
	struct linker *linker = module->linker;

	if (is_local(global)) {
		mark_definition(module, global);
		return;
	}
	if (is_llvm_global(global)) {
		mark_llvm_global(linker, global);
		return;
	}
	/* one that does not prevail may be live all the same, by an alias */
	if (map_has(&linker->references, global) ||
	    (map_has(&linker->live, global) && !map_has(&linker->nonprevailing, global)))
		return;
	struct symbol *symbol = symbol_of(linker, value_name(global));
	if (symbol->definition == global) {
		symbol->live = true;
		mark_definition(module, global);
	} else {
		map_add(&linker->references, global);
		mark_use(symbol, (struct use){module, user, global});
	}
}

static void scan_constant(struct module *module, LLVMValueRef user, LLVMValueRef constant)
{
	/* of these, the numbers are the same in all versions of LLVM-C */
	switch (LLVMGetValueKind(constant)) {
	case LLVMFunctionValueKind:
	case LLVMGlobalAliasValueKind:
	case LLVMGlobalIFuncValueKind:
	case LLVMGlobalVariableValueKind:
		mark_global(module, user, constant);
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
	if (map_add(&module->linker->live, constant))
		for (int i = 0; i < LLVMGetNumOperands(constant); i++)
			scan_constant(module, user, LLVMGetOperand(constant, i));
}

static void scan_operands(struct module *module, LLVMValueRef user, LLVMValueRef value)
{
	int count = LLVMGetNumOperands(value);

	for (int i = 0; i < count; i++)
		scan_constant(module, user, LLVMGetOperand(value, i));
}

static void process_worklist(struct linker *linker)
{
	while (linker->worklist.count) {
		struct definition live = linker->worklist.items[--linker->worklist.count];
		if (LLVMIsAFunction(live.value))
			scan_function(live.module, live.value);
		else if (LLVMIsAGlobalAlias(live.value))
			mark_definition(live.module, base_of(live.value));
		else
			scan_operands(live.module, live.value, live.value);
	}
}

static void mark_callback(struct module *module, LLVMValueRef function, const char *name)
{
	struct linker *linker = module->linker;
	LLVMValueRef callback = LLVMGetNamedFunction(module->ir, name);

	if (callback == function)
		return;
	map_add(&linker->tagged, allocate_string(linker, name));
	if (callback)
		mark_global(module, function, callback);
	else
		mark_symbol(linker, symbol_of(linker, name));
}

static void mark_asm_reference(struct module *module, const char *name)
{
	struct linker *linker = module->linker;
	LLVMValueRef own = module_find_global(module->ir, name);

	if (own && is_local(own)) {
		map_add(&linker->asm_locals, own);
		mark_definition(module, own);
	} else if (map_has(&linker->symbols, name) || map_has(&linker->lazy_symbols, name)) {
		struct symbol *symbol = symbol_of(linker, name);
		map_add(&linker->asm_named, symbol->name);
		mark_symbol(linker, symbol);
	}
}

/* A declaration tag `KEY:NAME` is all that names a callback of exceptions, which the kernel looks
 * up in BTF; what other tags name is of their own module.
 * https://docs.kernel.org/bpf/btf.html, BTF_KIND_DECL_TAG */
static void scan_tag(struct module *module, LLVMValueRef function, LLVMValueRef text)
{
	static const char exception[] = "exception_callback:";
	unsigned length;
	const char *tag = text ? LLVMGetMDString(text, &length) : NULL;
	const char *colon = tag ? memchr(tag, ':', length) : NULL;

	if (!colon || colon + 1 == tag + length)
		return;
	char *name = xstrndup(colon + 1, tag + length - colon - 1);
	if (LLVMGetNamedFunction(module->ir, name) ||
	    (length > strlen(exception) && !memcmp(tag, exception, strlen(exception))))
		mark_callback(module, function, name);
	free(name);
}

static void scan_tags(struct module *module, LLVMValueRef function)
{
	LLVMValueRef subprogram = value_of(LLVMGetSubprogram(function));
	struct values tags =
	    subprogram ? list_at(subprogram, FUNCTION_ANNOTATIONS) : (struct values){NULL, 0, 0};

	for (size_t i = 0; i < tags.count; i++)
		if (is_node(tags.items[i]))
			scan_tag(module, function, operand(tags.items[i], TAG_TEXT));
	free(tags.items);
}

static void scan_function(struct module *module, LLVMValueRef function)
{
	materialize(module, function);
	scan_tags(module, function);
	scan_operands(module, function, function); /* a personality, say */
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			scan_operands(module, function, instruction);
			each_inline_asm_reference(module, instruction, mark_asm_reference);
		}
}
