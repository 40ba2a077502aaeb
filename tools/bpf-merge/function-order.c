/* LLVM's linker puts functions in the order in which it comes to them: first what the variables
 * name, llvm.used above all. Loaders see programs in the order of the object, which is to be that
 * of the source; so a variable before llvm.used names the functions, for as long as they are
 * linked. */
#include "linker.h"
#include "message.h"
#include "metadata.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static const char order_variable[] = "llvm.bpf-linker-order";

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

static LLVMValueRef array_of_live_functions(const struct linker *linker, LLVMModuleRef ir)
{
	struct values live = {0};

	for (LLVMValueRef function = LLVMGetFirstFunction(ir); function;
	    function = LLVMGetNextFunction(function))
		if (map_has(&linker->live, function) && LLVMGetFirstBasicBlock(function))
			add_value(&live, function);
	LLVMValueRef array =
	    LLVMConstArray2(LLVMPointerTypeInContext(linker->context, 0), live.items, live.count);
	free(live.items);
	return array;
}

void keep_function_order(const struct linker *linker, LLVMModuleRef ir)
{
	struct global_array used = take_array(ir, "llvm.used");
	struct global_array compiler_used = take_array(ir, "llvm.compiler.used");
	struct global_array order = {order_variable, NULL};

	if (LLVMGetNamedGlobal(ir, order_variable) || LLVMGetNamedFunction(ir, order_variable) ||
	    LLVMGetNamedGlobalAlias(ir, order_variable, strlen(order_variable)))
		fail("%s: symbol '%s' is reserved", message_subject, order_variable);
	order.value = array_of_live_functions(linker, ir);
	put_array(ir, order);
	LLVMSetLinkage(LLVMGetNamedGlobal(ir, order_variable), LLVMExternalLinkage);
	put_array(ir, used);
	put_array(ir, compiler_used);
}

void drop_function_order(LLVMModuleRef result)
{
	LLVMDeleteGlobal(LLVMGetNamedGlobal(result, order_variable));
}
