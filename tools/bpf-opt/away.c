#include "away.h"
#include "map.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

struct body {
	LLVMValueRef function, holder; /* which has the body meanwhile */
	LLVMLinkage linkage;
	LLVMMetadataRef subprogram;
};

static struct {
	LLVMModuleRef module, bodies;
	LLVMValueRef holder;
	ARRAY(struct body);
} away;

static void move_body(LLVMValueRef from, LLVMValueRef to)
{
	LLVMBasicBlockRef block;

	for (unsigned i = 0; i < LLVMCountParams(from); i++)
		LLVMReplaceAllUsesWith(LLVMGetParam(from, i), LLVMGetParam(to, i));
	while ((block = LLVMGetFirstBasicBlock(from))) {
		LLVMRemoveBasicBlockFromParent(block);
		LLVMAppendExistingBasicBlock(to, block);
	}
}

static void put_away(LLVMValueRef function)
{
	struct body body = {
	    .function = function,
	    .holder = LLVMAddFunction(
		away.bodies, value_name(function), LLVMGlobalGetValueType(function)),
	    .linkage = LLVMGetLinkage(function),
	    .subprogram = LLVMGetSubprogram(function),
	};

	/* values of another subprogram's variables would be dropped */
	LLVMGlobalEraseMetadata(
	    function, LLVMGetMDKindIDInContext(LLVMGetModuleContext(away.module), "dbg", 3));
	move_body(function, body.holder);
	LLVMSetLinkage(function, LLVMExternalLinkage);
	array_add(&away, body);
}

static void put_back(struct body body)
{
	move_body(body.holder, body.function);
	LLVMSetLinkage(body.function, body.linkage);
	if (body.subprogram)
		LLVMSetSubprogram(body.function, body.subprogram);
}

/* The globals that the bodies refer to. */
static struct {
	ARRAY(LLVMValueRef);
	struct map known; /* and constants */
} needed;

static void need_operands(LLVMValueRef user);

static void need(LLVMValueRef value)
{
	if (!LLVMIsAConstant(value) || LLVMGetNumOperands(value) < 0 ||
	    (!LLVMIsAGlobalValue(value) && !LLVMGetNumOperands(value)) ||
	    !map_add(&needed.known, value))
		return;
	if (!LLVMIsAGlobalValue(value)) {
		need_operands(value);
		return;
	}
	array_add(&needed, value);
}

static void need_operands(LLVMValueRef user)
{
	int count = LLVMGetNumOperands(user);

	for (int i = 0; i < count; i++)
		need(LLVMGetOperand(user, i));
}

static void need_globals_of(LLVMValueRef function)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
	    block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			need_operands(instruction);
}

/* An alias of a function that is away: an alias is of a definition, so it becomes one of a
 * variable, which may be replaced, or LLVM would put the variable in its place; and a declaration
 * stands in.
 */
struct alias {
	LLVMValueRef alias, aliasee, stand_in;
	LLVMLinkage linkage;
};

static struct {
	LLVMValueRef variable;
	ARRAY(struct alias);
} aliases;

/* What an alias stands for, be it one of another. */
static LLVMValueRef aliased_by(LLVMValueRef value)
{
	while (LLVMIsAGlobalAlias(value))
		value = LLVMAliasGetAliasee(value);
	return value;
}

static void put_alias_away(LLVMValueRef alias, void *unused)
{
	LLVMValueRef aliased = LLVMIsAGlobalAlias(alias) ? aliased_by(alias) : NULL;

	(void)unused;
	if (!aliased || !LLVMIsAFunction(aliased) || !LLVMIsDeclaration(aliased))
		return;
	LLVMValueRef aliasee = LLVMAliasGetAliasee(alias);
	if (!aliases.variable) {
		LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(away.module));
		aliases.variable = LLVMAddGlobal(away.module, byte, "");
		LLVMSetInitializer(aliases.variable, LLVMConstNull(byte));
	}
	LLVMValueRef stand_in = LLVMAddFunction(away.module, "", LLVMGlobalGetValueType(aliased));
	LLVMReplaceAllUsesWith(alias, stand_in);
	LLVMAliasSetAliasee(alias, aliases.variable);
	need(alias);
	need(aliasee);
	need(stand_in);
	array_add(&aliases, (struct alias){alias, aliasee, stand_in, LLVMGetLinkage(alias)});
	LLVMSetLinkage(alias, LLVMWeakAnyLinkage);
}

/* The last first, for one may be an alias of another. */
static void put_aliases_back(void)
{
	while (aliases.count) {
		struct alias alias = aliases.items[--aliases.count];
		LLVMAliasSetAliasee(alias.alias, alias.aliasee);
		LLVMSetLinkage(alias.alias, alias.linkage);
		LLVMReplaceAllUsesWith(alias.stand_in, alias.alias);
		LLVMDeleteFunction(alias.stand_in);
	}
	if (aliases.variable)
		LLVMDeleteGlobal(aliases.variable);
}

/* A variable that holds the addresses of the functions that are away, and of what they refer to:
 * LLVM cannot tell then who uses these, and leaves them as they are. To be deleted. */
static LLVMValueRef hold_needed(void)
{
	for (size_t i = 0; i < away.count; i++) {
		need(away.items[i].function);
		need_globals_of(away.items[i].holder);
	}
	module_each_global(away.module, put_alias_away, NULL);
	/* pointers of several address spaces, perhaps */
	LLVMValueRef list = LLVMConstStructInContext(
	    LLVMGetModuleContext(away.module), needed.items, needed.count, false);
	LLVMValueRef holder = LLVMAddGlobal(away.module, LLVMTypeOf(list), "bpf-linker-holder");
	LLVMSetInitializer(holder, list);
	return holder;
}

/* What an expression is made of would change with that, and it may be gone then. */
static void keep_here(LLVMValueRef alias, void *kept)
{
	LLVMValueRef value = aliased_by(alias);

	if (!LLVMIsAConstantExpr(value))
		return;
	while (LLVMIsAConstantExpr(value))
		value = aliased_by(LLVMGetOperand(value, 0));
	map_add(kept, value);
}

bool away_put(LLVMModuleRef module)
{
	struct map kept = {.kind = MAP_OF_POINTERS};

	module_each_global(module, keep_here, &kept);
	away.module = module;
	away.bodies = LLVMModuleCreateWithNameInContext("away", LLVMGetModuleContext(module));
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (!LLVMIsDeclaration(function) && origin_is_optimized(function) &&
		    !map_has(&kept, function))
			put_away(function);
	if (away.count)
		away.holder = hold_needed();
	return away.count;
}

void away_put_back(void)
{
	if (away.holder)
		LLVMDeleteGlobal(away.holder);
	put_aliases_back();
	for (size_t i = 0; i < away.count; i++)
		put_back(away.items[i]);
	LLVMDisposeModule(away.bodies);
}
