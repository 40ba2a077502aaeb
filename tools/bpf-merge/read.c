/* The inputs: files and streams of modules, which are opened lazily. */
#include "bitcode.h"
#include "byte-order.h"
#include "crash.h"
#include "kind.h"
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include "used.h"
#include "why.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

const char *input_name(const struct module *module)
{
	return module->entry->input.name;
}

bool holds_module(const struct module *module)
{
	return module->entry->content == CONTENT_BITCODE || module->entry->content == CONTENT_IR;
}

/* Files and streams */

static void read_file(struct stream *stream, const char *name)
{
	struct input input = input_read(name);

	switch (kind_of(input.data, input.size)) {
	case KIND_STREAM:
		stream_read(stream, input);
		break;
	case KIND_BITCODE:
		stream_add(stream, (struct stream_entry){input, ORIGIN_INPUT, CONTENT_BITCODE});
		break;
	case KIND_IR:
		stream_add(stream, (struct stream_entry){input, ORIGIN_INPUT, CONTENT_IR});
		break;
	default:
		fail(
		    "%s: is neither a stream of modules, LLVM bitcode nor textual IR; bpf-extract reads other files%s",
		    input.name, input_blame(input));
	}
}

/* Of each symbol, the first member counts. The name must stay valid. */
static void add_lazy_symbol(struct module *member, const char *name)
{
	void **first = map_insert(&member->linker->lazy_symbols, name);

	if (!*first || member < (struct module *)*first)
		*first = member;
}

/* An archive's index: `DISTANCE SYMBOL` each line. */
static void read_index(struct module *index)
{
	struct input input = index->entry->input;
	char *lines = xstrndup((const char *)input.data, input.size), *line, *name;

	while ((line = strsep(&lines, "\n"))) {
		unsigned long distance = strtoul(line, &name, 10);
		if (*name != ' ' || distance > (size_t)(index - index->linker->modules))
			continue;
		struct module *member = index - distance;
		if (!holds_module(member))
			continue;
		member->indexed = true;
		add_lazy_symbol(member, name + 1);
	}
}

void read_inputs(struct linker *linker, const struct operands *operands)
{
	for (size_t i = 0; i < operands->count || i == 0; i++)
		read_file(&linker->stream, operands->count ? operands->items[i].text : NULL);
	linker->module_count = linker->stream.count;
	linker->modules = xcalloc(linker->module_count + 1, sizeof *linker->modules);
	for (size_t i = 0; i < linker->module_count; i++) {
		linker->modules[i].linker = linker;
		linker->modules[i].entry = &linker->stream.items[i];
	}
	for (size_t i = 0; i < linker->module_count; i++)
		if (linker->modules[i].entry->content == CONTENT_INDEX)
			read_index(&linker->modules[i]);
}

/* Modules that take part from the start */

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
	size_t offset = 0;
	struct input names = bitcode_next_block(input, BITCODE_STRTAB, &offset, NULL);

	if (!names.data)
		return names_used_arrays(input);
	for (; names.data; names = bitcode_next_block(input, BITCODE_STRTAB, &offset, NULL))
		if (names_used_arrays(names))
			return true;
	return false;
}

bool is_root_module(const struct module *module)
{
	return module->entry->origin == ORIGIN_INPUT || may_mark_as_used(module->entry->input);
}

/* Opening */

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

void open_module(struct module *module)
{
	const struct linker *linker = module->linker;

	if (module->ir)
		return;
	module->ir = module_open(linker->context, module->entry->input);
	module->has_debug_info = LLVMGetNamedMetadataNumOperands(module->ir, "llvm.dbg.cu");
	/* --why tells lines */
	module->strips_late =
	    linker->strip_debug && (why_names.given || has_debug_calls(module->ir));
	if (linker->strip_debug && !module->strips_late)
		LLVMStripModuleDebugInfo(module->ir);
	module->materializer = LLVMCreateFunctionPassManagerForModule(module->ir);
	module->used = used_read(module->ir);
}

static bool is_bpf(const struct module *module)
{
	return is_bpf_triple(LLVMGetTarget(module->ir));
}

static const char *byte_order(const struct module *module)
{
	return is_big_endian_module(module->ir) ? "big" : "little";
}

void check_target(struct module *module)
{
	struct module **target = &module->linker->target_module;

	if (!*target || (is_bpf(module) && !is_bpf(*target)))
		*target = module;
	if (is_bpf(module) &&
	    is_big_endian_module(module->ir) != is_big_endian_module((*target)->ir))
		fail("%s: is %s-endian BPF, but %s is %s-endian", input_name(module),
		    byte_order(module), input_name(*target), byte_order(*target));
}

static void add_lazy_definition(LLVMValueRef global, void *data)
{
	struct module *member = data;

	const char *name = strength_of(global) == UNDEFINED ? NULL : symbol_name(global);

	if (name)
		add_lazy_symbol(member, symbol_of(member->linker, name)->name);
}

static void add_lazy_asm_symbol(struct module *member, const char *name)
{
	add_lazy_symbol(member, symbol_of(member->linker, name)->name);
}

void add_lazy_symbols(struct module *member)
{
	open_module(member);
	module_each_global(member->ir, add_lazy_definition, member);
	each_asm_symbol(member, add_lazy_asm_symbol);
}

/* Function bodies */

/* LLVM-C reads a body from lazily opened bitcode when a pass manager, be it empty, runs on it. */
void materialize(struct module *module, LLVMValueRef function)
{
	message_subject = input_name(module);
	crash_is_reading = true;
	LLVMRunFunctionPassManager(module->materializer, function);
	crash_is_reading = false;
	message_subject = NULL;
	array_add(&module->linker->bodies, (struct definition){module, function});
}

/* Each body is verified with all the types that it leads to: after those that are not needed have
 * been dropped. */
void verify_functions(struct linker *linker)
{
	crash_is_reading = true;
	for (size_t i = 0; i < linker->bodies.count; i++) {
		struct definition body = linker->bodies.items[i];
		message_subject = input_name(body.module);
		if (LLVMVerifyFunction(body.value, LLVMReturnStatusAction))
			fail("%s: function '%s' is not valid LLVM IR", input_name(body.module),
			    value_name(body.value));
	}
	crash_is_reading = false;
	message_subject = NULL;
}
