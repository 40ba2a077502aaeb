#include "used.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

static const char compiler_used[] = "llvm.compiler.used";

struct used {
	LLVMModuleRef module;
	struct map members; /* of both arrays */
	struct {
		ARRAY(LLVMValueRef);
	} compiler; /* llvm.compiler.used in its own order */
	bool changed;
};

/* What an element of the arrays stands for. */
static LLVMValueRef without_casts(LLVMValueRef member)
{
	while (LLVMIsAConstantExpr(member))
		member = LLVMGetOperand(member, 0);
	return member;
}

static void read_array(struct used *used, const char *name)
{
	LLVMValueRef array = LLVMGetNamedGlobal(used->module, name);
	LLVMValueRef list = array ? LLVMGetInitializer(array) : NULL;

	for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
		LLVMValueRef member = without_casts(LLVMGetOperand(list, i));
		map_add(&used->members, member);
		if (name == compiler_used)
			array_add(&used->compiler, member);
	}
}

static void read_arrays(struct used *used)
{
	read_array(used, "llvm.used");
	read_array(used, compiler_used);
}

struct used *used_read(LLVMModuleRef module)
{
	struct used *used = xcalloc(1, sizeof *used);

	used->module = module;
	read_arrays(used);
	return used;
}

bool used_has(const struct used *used, LLVMValueRef global)
{
	return map_has(&used->members, global);
}

bool used_any(const struct used *used)
{
	return used->members.count;
}

void used_add(struct used *used, LLVMValueRef global)
{
	array_add(&used->compiler, global);
	used->changed = true;
}

static void write_array(LLVMModuleRef module, const char *name, LLVMValueRef *members, size_t count)
{
	LLVMTypeRef pointer = LLVMPointerTypeInContext(LLVMGetModuleContext(module), 0);
	LLVMValueRef old = LLVMGetNamedGlobal(module, name);

	if (old)
		LLVMDeleteGlobal(old);
	if (!count)
		return;
	LLVMValueRef array = LLVMAddGlobal(module, LLVMArrayType2(pointer, count), name);
	LLVMSetInitializer(array, LLVMConstArray2(pointer, members, count));
	LLVMSetLinkage(array, LLVMAppendingLinkage);
	LLVMSetSection(array, "llvm.metadata");
}

static void remove_from_array(LLVMModuleRef module, const char *name, LLVMValueRef global)
{
	LLVMValueRef array = LLVMGetNamedGlobal(module, name);
	LLVMValueRef list = array ? LLVMGetInitializer(array) : NULL;
	struct {
		ARRAY(LLVMValueRef);
	} kept = {NULL, 0, 0};

	for (int i = 0; list && i < LLVMGetNumOperands(list); i++)
		if (without_casts(LLVMGetOperand(list, i)) != global)
			array_add(&kept, LLVMGetOperand(list, i));
	if (list && kept.count < (size_t)LLVMGetNumOperands(list))
		write_array(module, name, kept.items, kept.count);
	free(kept.items);
}

void used_remove(struct used *used, LLVMValueRef global)
{
	remove_from_array(used->module, "llvm.used", global);
	remove_from_array(used->module, compiler_used, global);
	map_clear(&used->members);
	used->compiler.count = 0;
	used->changed = false;
	read_arrays(used);
}

void used_write(struct used *used)
{
	if (used->changed)
		write_array(
		    used->module, compiler_used, used->compiler.items, used->compiler.count);
	used->changed = false;
}
