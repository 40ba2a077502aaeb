/* CO-RE relocations. LLVM makes each one of a variable that it names after a struct and a path,
 * `llvm.STRUCT:KIND:VALUE$PATH`, or by a number, `llvm.btf_type_id.N$KIND`: alike in two modules,
 * where they may stand for different structs. What it reads of the name begins at the first of `:`
 * and `$` (BTFDebug::generatePatchImmReloc). Where it has yet to name them, by the struct, one
 * struct becomes a flavor of its name, whose suffix loaders ignore. */
#include "core-marker.h"
#include "linker.h"
#include "memory.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static void rename_relocation(LLVMValueRef variable, unsigned number)
{
	const char *name = value_name(variable);
	size_t prefix = strcspn(name, ":$");

	if (strncmp(name, "llvm.", 5) || !name[prefix] || !LLVMIsDeclaration(variable))
		return;
	char *own = xasprintf("%.*s.%u%s", (int)prefix, name, number, name + prefix);
	/* a module of an earlier link may have such names */
	for (unsigned i = 0; LLVMGetNamedGlobal(LLVMGetGlobalParent(variable), own); i++) {
		free(own);
		own = xasprintf("%.*s.%u_%u%s", (int)prefix, name, number, i, name + prefix);
	}
	LLVMSetValueName2(variable, own, strlen(own));
	free(own);
}

static void make_flavor(struct linker *linker, LLVMValueRef type)
{
	char *name = text_at(type, NAME);

	if (!*name)
		return;
	void **first = map_insert(&linker->core_structs, name);
	if (!*first)
		*first = type;
	if (*first == type)
		return;
	char *number = xasprintf("%u", linker->modules_linked);
	set_operand(type, NAME, string(core_flavor(name, number)));
	free(number);
}

static void make_flavors(struct linker *linker, LLVMValueRef intrinsic)
{
	static const char access[] = "llvm.preserve.access.index";

	if (!origin_is_core_intrinsic(intrinsic))
		return;
	unsigned kind = LLVMGetMDKindIDInContext(linker->context, access, strlen(access));
	for (LLVMUseRef use = LLVMGetFirstUse(intrinsic); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		LLVMValueRef type = LLVMIsACallInst(call) ? LLVMGetMetadata(call, kind) : NULL;
		if (type)
			make_flavor(linker, type);
	}
}

void separate_core_relocations(struct linker *linker, LLVMModuleRef ir)
{
	for (LLVMValueRef variable = LLVMGetFirstGlobal(ir); variable;
	    variable = LLVMGetNextGlobal(variable))
		rename_relocation(variable, linker->modules_linked);
	for (LLVMValueRef function = LLVMGetFirstFunction(ir); function;
	    function = LLVMGetNextFunction(function))
		make_flavors(linker, function);
	linker->modules_linked++;
}
