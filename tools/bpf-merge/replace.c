/* Definitions that do not prevail: LLVM's linker would compare them with the prevailing one by
 * rules of its own. */
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

struct aliases {
	const char *name;
	LLVMValueRef aliasee;
	ARRAY(LLVMValueRef);
};

static void add_alias(LLVMValueRef global, void *data)
{
	struct aliases *aliases = data;

	if (!LLVMIsAGlobalAlias(global) || base_of(global) != aliases->aliasee)
		return;
	if (LLVMAliasGetAliasee(global) != aliases->aliasee)
		fail("%s: alias '%s' points into '%s', which another input defines; not supported",
		    message_subject, value_name(global), aliases->name);
	array_add(aliases, global);
}

static LLVMValueRef add_declaration(LLVMModuleRef ir, LLVMValueRef definition, const char *name)
{
	LLVMTypeRef type = LLVMGlobalGetValueType(definition);

	if (is_function(definition))
		return LLVMAddFunction(ir, name, type);
	LLVMValueRef declaration = LLVMAddGlobal(ir, type, name);
	if (LLVMIsAGlobalVariable(definition))
		LLVMSetGlobalConstant(declaration, LLVMIsGlobalConstant(definition));
	return declaration;
}

void replace_by_declaration(LLVMModuleRef ir, LLVMValueRef definition)
{
	char *name = xstrdup(value_name(definition));
	struct aliases aliases = {.name = name, .aliasee = definition};

	LLVMSetValueName2(definition, "", 0);
	LLVMSetLinkage(definition, LLVMInternalLinkage);
	LLVMSetVisibility(definition, LLVMDefaultVisibility);
	LLVMValueRef declaration = add_declaration(ir, definition, name);
	module_each_global(ir, add_alias, &aliases);
	LLVMReplaceAllUsesWith(definition, declaration);
	for (size_t i = 0; i < aliases.count; i++)
		LLVMAliasSetAliasee(aliases.items[i], definition);
	free(aliases.items);
	free(name);
}
