/* Where a use stands in the source, by the debug info of its module. */
#include "linker.h"
#include "memory.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <string.h>

static bool refers_to(LLVMValueRef value, LLVMValueRef reference)
{
	if (value == reference)
		return true;
	if (!LLVMIsAConstant(value) || LLVMIsAGlobalValue(value))
		return false;
	for (int i = 0; i < LLVMGetNumOperands(value); i++)
		if (refers_to(LLVMGetOperand(value, i), reference))
			return true;
	return false;
}

static bool uses(LLVMValueRef instruction, LLVMValueRef reference)
{
	for (int i = 0; i < LLVMGetNumOperands(instruction); i++)
		if (refers_to(LLVMGetOperand(instruction, i), reference))
			return true;
	return false;
}

/* `FILE:LINE`, NULL where it is not known. */
static char *line_of_instruction(LLVMValueRef instruction)
{
	unsigned length, line = LLVMGetDebugLocLine(instruction);
	const char *file = line ? LLVMGetDebugLocFilename(instruction, &length) : NULL;

	return file ? xasprintf("%.*s:%u", (int)length, file, line) : NULL;
}

char *find_line_of_use(LLVMValueRef function, LLVMValueRef reference)
{
	LLVMValueRef after = NULL;

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block)) {
		bool used = false;
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction)) {
			bool has_line = LLVMGetDebugLocLine(instruction);
			if (uses(instruction, reference)) {
				if (has_line)
					return line_of_instruction(instruction);
				used = true;
			}
			if (used && has_line && !after)
				after = instruction;
		}
	}
	return after ? line_of_instruction(after) : NULL;
}

LLVMValueRef find_with_debug_info(struct module *module, LLVMValueRef global)
{
	const char *name = value_name(global);

	if (!module->with_debug_info)
		module->with_debug_info = module_open(module_context(), module->entry->input);
	LLVMModuleRef ir = module->with_debug_info;
	LLVMValueRef found = LLVMGetNamedFunction(ir, name);
	if (found && !LLVMIsDeclaration(found))
		LLVMRunFunctionPassManager(LLVMCreateFunctionPassManagerForModule(ir), found);
	if (!found)
		found = LLVMGetNamedGlobal(ir, name);
	return found ? found : LLVMGetNamedGlobalAlias(ir, name, strlen(name));
}

static char *find_line(const struct use *use)
{
	LLVMValueRef reference = find_with_debug_info(use->module, use->reference);
	LLVMValueRef function = find_with_debug_info(use->module, use->user);

	return reference && function && LLVMIsAFunction(function)
		   ? find_line_of_use(function, reference)
		   : NULL;
}

const char *describe_user(const struct use *use)
{
	if (!use->user)
		return "";
	char *user = xasprintf(", used by %s '%s'", kind_name(use->user), value_name(use->user));
	char *line = is_function(use->user) ? find_line(use) : NULL;
	return line ? xasprintf("%s (%s)", user, line) : user;
}
