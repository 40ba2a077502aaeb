/* Assembly in modules, whose symbols bpf-merge looks for. */
#include "harness.h"
#include <llvm-c/Types.h>
#define LLVMGetModuleInlineAsm asm_of
const char *asm_of(LLVMModuleRef ir, size_t *length);
#include "../../tools/bpf-merge/module-asm.c"

static const char *text;
static size_t text_length;

const char *asm_of(LLVMModuleRef ir, size_t *length)
{
	(void)ir;
	*length = text_length;
	return text;
}

static void visit(struct module *module, const char *name)
{
	(void)module;
	EXPECT(*name && !strpbrk(name, " \t,:;=#\n"));
}

void fuzz(const unsigned char *data, size_t size)
{
	struct module module = {0};

	text = (const char *)data;
	text_length = size;
	each_asm_symbol(&module, visit);
}
