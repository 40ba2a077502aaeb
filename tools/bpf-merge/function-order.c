/* LLVM's linker puts functions in the order in which it comes to them: first what the variables
 * name, llvm.used above all. Loaders see programs in the order of the object, which is to be that
 * of the source; so a variable before llvm.used names a function that names them all, for as long
 * as they are linked. A list of them in the variable would be a constant, which stays as one of
 * their uses. */
#include "linker.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "reserved.h"
#include <llvm-c/Core.h>
#include <string.h>

struct global_array {
	const char *name;
	LLVMValueRef value;
};

static struct global_array take_array(LLVMModuleRef ir, const char *name)
{
	LLVMValueRef variable = LLVMGetNamedGlobal(ir, name);
	struct global_array array = {name, variable ? LLVMGetInitializer(variable) : NULL};

	if (array.value)
		LLVMDeleteGlobal(variable);
	return array;
}

static void put_array(LLVMModuleRef ir, struct global_array array)
{
	if (!array.value)
		return;
	LLVMValueRef variable = LLVMAddGlobal(ir, LLVMTypeOf(array.value), array.name);
	LLVMSetInitializer(variable, array.value);
	LLVMSetLinkage(variable, LLVMAppendingLinkage);
	LLVMSetSection(variable, "llvm.metadata");
}

/* It stores their addresses. */
static LLVMValueRef function_of_live_functions(const struct linker *linker, LLVMModuleRef ir)
{
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(linker->context), NULL, 0, false);
	LLVMValueRef null = LLVMConstNull(LLVMPointerTypeInContext(linker->context, 0));
	LLVMValueRef order = LLVMAddFunction(ir, "", type);
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(linker->context);

	LLVMSetLinkage(order, LLVMInternalLinkage);
	LLVMPositionBuilderAtEnd(
	    builder, LLVMAppendBasicBlockInContext(linker->context, order, ""));
	for (LLVMValueRef function = LLVMGetFirstFunction(ir); function;
	    function = LLVMGetNextFunction(function))
		if (map_has(&linker->live, function) && LLVMGetFirstBasicBlock(function))
			LLVMBuildStore(builder, function, null);
	LLVMBuildUnreachable(builder);
	LLVMDisposeBuilder(builder);
	return order;
}

void keep_function_order(const struct linker *linker, LLVMModuleRef ir)
{
	struct global_array used = take_array(ir, "llvm.used");
	struct global_array compiler_used = take_array(ir, "llvm.compiler.used");

	LLVMValueRef variable =
	    LLVMAddGlobal(ir, LLVMPointerTypeInContext(linker->context, 0), ORDER_NAME);
	LLVMSetInitializer(variable, function_of_live_functions(linker, ir));
	put_array(ir, used);
	put_array(ir, compiler_used);
}

void drop_function_order(LLVMModuleRef result)
{
	LLVMValueRef variable = LLVMGetNamedGlobal(result, ORDER_NAME);
	LLVMValueRef function = LLVMGetInitializer(variable);

	LLVMDeleteGlobal(variable);
	LLVMDeleteFunction(function);
}
