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

static void read_array(struct used *used, const char *name)
{
	LLVMValueRef array = LLVMGetNamedGlobal(used->module, name);
	LLVMValueRef list = array ? LLVMGetInitializer(array) : NULL;

	for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
		LLVMValueRef member = LLVMGetOperand(list, i);
		while (LLVMIsAConstantExpr(member))
			member = LLVMGetOperand(member, 0);
		map_add(&used->members, member);
		if (name == compiler_used)
			array_add(&used->compiler, member);
	}
}

struct used *used_read(LLVMModuleRef module)
{
	struct used *used = xcalloc(1, sizeof *used);

	used->module = module;
	read_array(used, "llvm.used");
	read_array(used, compiler_used);
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
	    used->module, LLVMArrayType2(pointer, used->compiler.count), compiler_used);
	LLVMSetInitializer(
	    array, LLVMConstArray2(pointer, used->compiler.items, used->compiler.count));
	LLVMSetLinkage(array, LLVMAppendingLinkage);
	LLVMSetSection(array, "llvm.metadata");
	used->changed = false;
}
