#include "used.h"
#include "message.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

static const char compiler_used[] = "llvm.compiler.used";

struct used {
	LLVMModuleRef module;
	LLVMValueRef *members; /* sorted by address, once used_read is done */
	size_t count;
	LLVMValueRef *compiler; /* llvm.compiler.used in its own order */
	size_t compiler_count;
	bool changed;
};

static void append(LLVMValueRef **items, size_t *count, LLVMValueRef item)
{
	*items = xrealloc(*items, (*count + 1) * sizeof **items);
	(*items)[(*count)++] = item;
}

static int by_address(const void *a, const void *b)
{
	LLVMValueRef left = *(const LLVMValueRef *)a, right = *(const LLVMValueRef *)b;

	return (left > right) - (left < right);
}

static void read_array(struct used *used, const char *name)
{
	LLVMValueRef array = LLVMGetNamedGlobal(used->module, name);
	LLVMValueRef list = array ? LLVMGetInitializer(array) : NULL;

	for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
		LLVMValueRef member = LLVMGetOperand(list, i);
		while (LLVMIsAConstantExpr(member))
			member = LLVMGetOperand(member, 0);
		append(&used->members, &used->count, member);
		if (name == compiler_used)
			append(&used->compiler, &used->compiler_count, member);
	}
}

struct used *used_read(LLVMModuleRef module)
{
	struct used *used = xcalloc(1, sizeof *used);

	used->module = module;
	read_array(used, "llvm.used");
	read_array(used, compiler_used);
	if (used->count)
		qsort(used->members, used->count, sizeof *used->members, by_address);
	return used;
}

bool used_has(const struct used *used, LLVMValueRef global)
{
	return used->count &&
	       bsearch(&global, used->members, used->count, sizeof *used->members, by_address);
}

bool used_any(const struct used *used)
{
	return used->count;
}

void used_add(struct used *used, LLVMValueRef global)
{
	append(&used->compiler, &used->compiler_count, global);
	used->changed = true;
}

void used_write(struct used *used)
{
	LLVMContextRef context = LLVMGetModuleContext(used->module);
	LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);

	if (!used->changed)
		return;
	LLVMValueRef old = LLVMGetNamedGlobal(used->module, compiler_used);
	if (old)
		LLVMDeleteGlobal(old);
	LLVMValueRef array = LLVMAddGlobal(
	    used->module, LLVMArrayType2(pointer, used->compiler_count), compiler_used);
	LLVMSetInitializer(array, LLVMConstArray2(pointer, used->compiler, used->compiler_count));
	LLVMSetLinkage(array, LLVMAppendingLinkage);
	LLVMSetSection(array, "llvm.metadata");
	used->changed = false;
}
