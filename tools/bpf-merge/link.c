/* Linking: each module is given the linkage by which LLVM's linker takes what is live and nothing
 * else, then moved into the result. */
#include "exports.h"
#include "linker.h"
#include "message.h"
#include "module.h"
#include "notes.h"
#include "origin.h"
#include "pipeline.h"
#include "used.h"
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Linker.h>
#include <string.h>

static void link_module(LLVMModuleRef result, struct module *module);
static void prepare_global(LLVMValueRef global, void *module);
static void prepare_declaration(struct linker *linker, LLVMValueRef declaration);
static void prepare_definition(struct module *module, LLVMValueRef definition);
static void mark_as_used(LLVMModuleRef result, const struct map *names);

/* compiler_builtins brings host assembly, which no BPF program has a use for. */
static void drop_stack_probes(LLVMModuleRef ir)
{
	size_t length;
	const char *text = LLVMGetModuleInlineAsm(ir, &length);

	if (memmem(text, length, "__rust_probestack", strlen("__rust_probestack")))
		LLVMSetModuleInlineAsm2(ir, "", 0);
}

LLVMModuleRef link_modules(struct linker *linker)
{
	LLVMModuleRef result = LLVMModuleCreateWithNameInContext("bpf-linker", linker->context);
	LLVMModuleRef target = linker->target_module->ir;

	LLVMSetTarget(result, LLVMGetTarget(target));
	LLVMSetDataLayout(result, LLVMGetDataLayoutStr(target));
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			drop_stack_probes(linker->modules[i].ir);
	reconcile_module_flags(linker);
	separate_asm_names(linker);
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].takes_part)
			link_module(result, &linker->modules[i]);
	mark_as_used(result, &linker->tagged);
	mark_as_used(result, &linker->asm_named);
	if (notes_wanted) {
		notes_add_definitions(result);
		notes_put(result);
	}
	return result;
}

static bool has_asm(LLVMModuleRef ir)
{
	size_t length;

	LLVMGetModuleInlineAsm(ir, &length);
	return length;
}

/* What is linked no more, which the next stages do not see. */
static void note_dropped(LLVMValueRef global, void *data)
{
	const struct module *module = data;
	const struct linker *linker = module->linker;

	if (is_llvm_global(global) || !*value_name(global) || strength_of(global) == UNDEFINED)
		return;
	if (map_has(&linker->nonprevailing, global) || !map_has(&linker->live, global))
		note_add(NOTE_DROPPED, value_name(global), input_name(module));
}

/* The driver can have the module read again where that is a file. */
static enum debug_info_loss debug_info_loss(const struct module *module)
{
	struct input input = module->entry->input;
	size_t offset;

	if (!module->linker->strip_debug || !module->has_debug_info)
		return KEPT;
	return pipeline_may_explain() && input_file_of(input.data, input.size, &offset)
		   ? DROPPED_FOR_NOW
		   : DROPPED;
}

/* Returns whether there is anything left to link. */
static bool prepare_module(struct module *module)
{
	if (notes_wanted)
		module_each_global(module->ir, note_dropped, module);
	module_each_global(module->ir, prepare_global, module);
	if (!module->is_needed && !has_asm(module->ir) && !used_any(module->used))
		return false;
	if (module->strips_late)
		LLVMStripModuleDebugInfo(module->ir);
	separate_core_relocations(module->linker, module->ir);
	origin_note(module->ir, input_name(module), debug_info_loss(module));
	if (notes_wanted)
		notes_mark_variables(module->ir, input_name(module));
	keep_function_order(module->linker, module->ir);
	return true;
}

static void link_module(LLVMModuleRef result, struct module *module)
{
	message_subject = input_name(module);
	if (prepare_module(module)) {
		LLVMSetTarget(module->ir, LLVMGetTarget(result));
		LLVMSetDataLayout(module->ir, LLVMGetDataLayoutStr(result));
		if (LLVMLinkModules2(result, module->ir)) {
			module_check_errors();
			fail("%s: cannot be linked", input_name(module));
		}
		drop_function_order(result);
	}
	message_subject = NULL;
}

/* Most are, where there are many: their names need not be looked up. */
static bool is_dead_function(const struct linker *linker, LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return LLVMIsAFunction(global) && linkage != LLVMInternalLinkage &&
	       linkage != LLVMPrivateLinkage && !LLVMIsDeclaration(global) &&
	       !map_has(&linker->live, global) && !map_has(&linker->nonprevailing, global);
}

static void prepare_global(LLVMValueRef global, void *data)
{
	struct module *module = data;
	const struct linker *linker = module->linker;

	if (is_dead_function(linker, global)) {
		LLVMSetComdat(global, NULL);
		LLVMSetLinkage(global, LLVMLinkOnceODRLinkage);
		return;
	}
	if (is_llvm_global(global))
		return;
	if (LLVMIsAGlobalObject(global))
		LLVMSetComdat(global, NULL);
	if (is_local(global))
		return;
	if (LLVMIsDeclaration(global))
		prepare_declaration(module->linker, global);
	else if (map_has(&linker->nonprevailing, global))
		replace_by_declaration(module->ir, global);
	else if (map_has(&linker->live, global))
		prepare_definition(module, global);
	else
		LLVMSetLinkage(global, LLVMLinkOnceODRLinkage);
}

/* LLVM keeps the first declaration of many. */
static void prepare_declaration(struct linker *linker, LLVMValueRef declaration)
{
	const struct symbol *symbol = symbol_of(linker, value_name(declaration));

	if (LLVMGetLinkage(declaration) == LLVMExternalWeakLinkage && symbol->use)
		LLVMSetLinkage(declaration, LLVMExternalLinkage);
	if (symbol->section && !LLVMGetSection(declaration))
		LLVMSetSection(declaration, symbol->section);
}

/* Without exports on the command line, functions of archives serve the program alone: the verifier
 * then checks them where they are called. Variables stay visible for user space, and callbacks of
 * exceptions for the kernel. */
static bool serves_program_alone(
    const struct module *module, const struct symbol *symbol, LLVMValueRef definition)
{
	return !exports_given && module->entry->origin == ORIGIN_MEMBER &&
	       !symbol->visible_in_input && is_function(definition) &&
	       !map_has(&module->linker->tagged, symbol->name) &&
	       !used_has(module->used, definition);
}

/* What is linkonce would be linked only when something refers to it. */
static void prepare_definition(struct module *module, LLVMValueRef definition)
{
	const struct symbol *symbol = symbol_of(module->linker, value_name(definition));

	module->is_needed = true;
	if (symbol->hidden || serves_program_alone(module, symbol, definition))
		LLVMSetVisibility(definition, LLVMHiddenVisibility);
	switch (LLVMGetLinkage(definition)) {
	case LLVMLinkOnceAnyLinkage:
		LLVMSetLinkage(definition, LLVMWeakAnyLinkage);
		break;
	case LLVMLinkOnceODRLinkage:
		LLVMSetLinkage(definition, LLVMWeakODRLinkage);
		break;
	case LLVMCommonLinkage:
		LLVMSetLinkage(definition, LLVMExternalLinkage);
		break;
	default:
		break;
	}
}

static void mark_as_used(LLVMModuleRef result, const struct map *names)
{
	struct used *used = names->count ? used_read(result) : NULL;

	for (size_t i = 0; i < names->count; i++) {
		LLVMValueRef global = module_find_global(result, names->items[i].key);
		if (global && !LLVMIsDeclaration(global) && !used_has(used, global))
			used_add(used, global);
	}
	if (used)
		used_write(used);
}
