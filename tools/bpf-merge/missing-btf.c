/* BTF that is needed, and will not be there. */
#include "btf-need.h"
#include "declaration.h"
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <string.h>

/* What of a module needs it: the first. */
struct btf_need {
	struct module *module;
	LLVMValueRef global;
	const char *what;
};

static bool is_linked(const struct linker *linker, LLVMValueRef global)
{
	return map_has(&linker->references, global) ||
	       (map_has(&linker->live, global) && !map_has(&linker->nonprevailing, global));
}

static void find_btf_need(LLVMValueRef global, void *data)
{
	struct btf_need *need = data;

	if (!need->global && is_linked(need->module->linker, global) && btf_need(global)) {
		need->global = global;
		need->what = btf_need(global);
	}
}

static void find_tag(LLVMValueRef global, void *data)
{
	struct btf_need *need = data;

	if (need->global || !is_linked(need->module->linker, global) || !*value_name(global))
		return;
	LLVMValueRef described = find_with_debug_info(need->module, global);
	if (described && btf_has_tag(described)) {
		need->global = global;
		need->what = "declaration tag of";
	}
}

/* Declaration tags are in the debug info alone, which has been dropped: the text tells that there
 * are any. */
static bool may_have_tags(const struct module *module)
{
	struct input input = module->entry->input;

	return module->has_debug_info && !module->linker->needs_btf &&
	       memmem(input.data, input.size, btf_tag_name, strlen(btf_tag_name));
}

static struct btf_need btf_need_of(struct module *module)
{
	struct btf_need need = {.module = module};

	if (module->takes_part && module->linker->needs_btf)
		module_each_global(module->ir, find_btf_need, &need);
	else if (module->takes_part && may_have_tags(module))
		module_each_global(module->ir, find_tag, &need);
	return need;
}

static const char *flags_for_debug_info(const struct module *module)
{
	return origin_is_rust(module->ir) ? "rustc -C debuginfo=2" : "clang -g";
}

/* Where it is defined or declared, or else where a function uses it; NULL where debug info does not
 * tell. */
static char *line_of_need(struct btf_need need)
{
	LLVMValueRef described =
	    need.module->has_debug_info ? find_with_debug_info(need.module, need.global) : NULL;
	char *line = described ? declaration_line(described) : NULL;

	for (LLVMValueRef function = LLVMGetFirstFunction(need.module->ir);
	    described && function && !line; function = LLVMGetNextFunction(function)) {
		LLVMValueRef user =
		    is_linked(need.module->linker, function) && !LLVMIsDeclaration(function)
			? find_with_debug_info(need.module, function)
			: NULL;
		line = user && LLVMIsAFunction(user) ? find_line_of_use(user, described) : NULL;
	}
	return line;
}

/* `need.bc: map 'm' (need.c:3) needs BTF` */
static char *describe_need(struct btf_need need)
{
	char *line = line_of_need(need);

	return xasprintf("%s: %s '%s'%s%s%s needs BTF", input_name(need.module), need.what,
	    value_name(need.global), line ? " (" : "", line ? line : "", line ? ")" : "");
}

/* --strip-debug; returns whether there was something to report. */
static bool report_no_btf(struct module *module)
{
	struct btf_need need = btf_need_of(module);

	if (need.global)
		message(LEVEL_WARN, "%s: link with --btf%s%s", describe_need(need),
		    module->has_debug_info ? "" : ", and compile with ",
		    module->has_debug_info ? "" : flags_for_debug_info(module));
	return need.global;
}

/* bpf-debuginfo gives functions a prototype, and relocations come with debug info. */
static bool lacks_debug_info(LLVMValueRef global)
{
	if (LLVMIsAFunction(global))
		return LLVMIsDeclaration(global) && !LLVMGetSubprogram(global);
	return LLVMIsAGlobalVariable(global) && !is_llvm_global(global) && !variable_node(global);
}

static void find_without_debug_info(LLVMValueRef global, void *data)
{
	if (lacks_debug_info(global))
		find_btf_need(global, data);
}

static void report_no_debug_info(struct module *module)
{
	struct btf_need need = {.module = module};

	if (module->takes_part)
		module_each_global(module->ir, find_without_debug_info, &need);
	if (need.global)
		message(LEVEL_WARN, "%s, which is made of debug info: compile with %s",
		    describe_need(need), flags_for_debug_info(module));
}

void report_missing_btf(struct linker *linker)
{
	bool any_debug_info = false;

	for (size_t i = 0; i < linker->module_count; i++)
		any_debug_info |=
		    linker->modules[i].takes_part && linker->modules[i].has_debug_info;
	for (size_t i = 0; i < linker->module_count; i++) {
		struct module *module = &linker->modules[i];
		/* once is enough: the answer is the same for all */
		if (linker->strip_debug && !linker->without_btf && report_no_btf(module))
			return;
		/* where no module has debug info, bpf-debuginfo says so */
		if (!linker->strip_debug && any_debug_info && linker->needs_btf)
			report_no_debug_info(module);
	}
}
