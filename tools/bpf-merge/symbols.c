/* The symbol table, and the kinds of global values. */
#include "linker.h"
#include "memory.h"
#include "module.h"
#include <llvm-c/Comdat.h>
#include <llvm-c/Core.h>
#include <string.h>

void *allocate(struct linker *linker, size_t size)
{
	struct arena *arena = &linker->arena;

	size = (size + 15) & ~(size_t)15;
	if (size > arena->left) {
		arena->left = size > 1 << 16 ? size : 1 << 16;
		arena->free = xcalloc(1, arena->left);
	}
	arena->left -= size;
	arena->free += size;
	return arena->free - size;
}

const char *allocate_string(struct linker *linker, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(allocate(linker, size), text, size);
}

struct symbol *symbol_of(struct linker *linker, const char *name)
{
	void **slot = map_find(&linker->symbols, name);

	if (!slot) {
		/* LLVM frees a value's name with the value */
		struct symbol *symbol = allocate(linker, sizeof *symbol);
		symbol->name = allocate_string(linker, name);
		slot = map_insert(&linker->symbols, symbol->name);
		*slot = symbol;
	}
	return *slot;
}

/* Global values */

bool is_local(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	return linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage ||
	       !*value_name(global);
}

const char *symbol_name(LLVMValueRef global)
{
	LLVMLinkage linkage = LLVMGetLinkage(global);

	if (linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage ||
	    linkage == LLVMAppendingLinkage)
		return NULL;
	const char *name = value_name(global);
	return *name && strncmp(name, "llvm.", 5) ? name : NULL;
}

bool is_llvm_global(LLVMValueRef global)
{
	return LLVMGetLinkage(global) == LLVMAppendingLinkage ||
	       !strncmp(value_name(global), "llvm.", 5);
}

/* In a comdat group of which the linker keeps one, whatever the linkage. */
static bool is_deduplicated(LLVMValueRef global)
{
	LLVMComdatRef comdat = LLVMIsAGlobalObject(global) ? LLVMGetComdat(global) : NULL;

	return comdat && LLVMGetComdatSelectionKind(comdat) != LLVMNoDeduplicateComdatSelectionKind;
}

enum strength strength_of(LLVMValueRef global)
{
	if (LLVMIsDeclaration(global))
		return UNDEFINED;
	switch (LLVMGetLinkage(global)) {
	case LLVMAvailableExternallyLinkage:
		return UNDEFINED;
	case LLVMCommonLinkage:
		return COMMON;
	case LLVMWeakAnyLinkage:
	case LLVMWeakODRLinkage:
	case LLVMLinkOnceAnyLinkage:
	case LLVMLinkOnceODRLinkage:
		return WEAK;
	default:
		return is_deduplicated(global) ? WEAK : STRONG;
	}
}

bool is_function(LLVMValueRef global)
{
	if (LLVMIsAGlobalAlias(global))
		return LLVMGetTypeKind(LLVMGlobalGetValueType(global)) == LLVMFunctionTypeKind;
	return !LLVMIsAGlobalVariable(global);
}

const char *kind_name(LLVMValueRef global)
{
	return is_function(global) ? "function" : "variable";
}

LLVMValueRef base_of(LLVMValueRef alias)
{
	LLVMValueRef base = LLVMAliasGetAliasee(alias);

	while (LLVMIsAConstantExpr(base))
		base = LLVMGetOperand(base, 0);
	return base;
}
