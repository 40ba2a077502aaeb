#include "btf-need.h"
#include "memory.h"
#include "metadata.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

const char btf_tag_name[] = "btf_decl_tag";

enum { ARENA = 1 }; /* its address space */

/* By the start of a section's name. https://docs.kernel.org/bpf/libbpf/program_types.html */
static const struct {
	const char *section;
	bool has_more; /* of the name, or may have */
	const char *what;
} needs[] = {
    {".maps", false, "map"},
    {".kconfig", false, "kernel configuration"},
    {".ksyms", false, "kernel symbol"},
    {".struct_ops", false, "struct_ops"},
    {".struct_ops.link", false, "struct_ops"},
    {"struct_ops", true, "struct_ops program"},
    {"?struct_ops", true, "struct_ops program"},
    {"freplace/", true, "replacing program"},
    {"?freplace/", true, "replacing program"},
};

/* LLVM makes relocations of these, in BTF. */
static bool is_relocation(LLVMValueRef variable)
{
	const char *name = value_name(variable);

	return LLVMIsDeclaration(variable) && !strncmp(name, "llvm.", 5) && strchr(name, '$') &&
	       strchr(name, ':');
}

const char *btf_need(LLVMValueRef global)
{
	const char *section = LLVMGetSection(global);

	for (size_t i = 0; section && *section && i < sizeof needs / sizeof *needs; i++)
		if (!strncmp(section, needs[i].section, strlen(needs[i].section)) &&
		    (needs[i].has_more || !section[strlen(needs[i].section)]))
			return needs[i].what;
	if (!LLVMIsAGlobalVariable(global))
		return NULL;
	if (LLVMGetPointerAddressSpace(LLVMTypeOf(global)) == ARENA)
		return "arena variable";
	return is_relocation(global) ? "CO-RE relocation" : NULL;
}

static bool is_tagged(LLVMValueRef node, unsigned index)
{
	struct values tags = list_at(node, index);
	bool found = false;

	for (size_t i = 0; i < tags.count; i++) {
		char *key = is_node(tags.items[i]) ? text_at(tags.items[i], TAG_NAME) : xstrdup("");
		found |= !strcmp(key, btf_tag_name);
		free(key);
	}
	free(tags.items);
	return found;
}

bool btf_has_tag(LLVMValueRef global)
{
	LLVMContextRef before = metadata_context;
	LLVMValueRef node;
	bool found;

	metadata_context = LLVMGetValueContext(global);
	if (LLVMIsAFunction(global)) {
		node = value_of(LLVMGetSubprogram(global));
		found = node && is_tagged(node, FUNCTION_ANNOTATIONS);
	} else {
		node = LLVMIsAGlobalVariable(global) ? variable_node(global) : NULL;
		found = node && is_tagged(node, VARIABLE_ANNOTATIONS);
	}
	metadata_context = before;
	return found;
}
