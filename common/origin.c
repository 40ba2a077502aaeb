#include "origin.h"
#include "byte-order.h"
#include "libllvm.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "value.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

static const char input_attribute[] = "bpf-linker-input";
static const char clang_attribute[] = "bpf-linker-clang";
static const char cpu_attribute[] = "bpf-linker-cpu";
static const char optimized_attribute[] = "bpf-linker-optimized";
static const char lost_debug_info_attribute[] = "bpf-linker-lost-debug-info";

/* The first clang that takes v3 where no CPU is given. */
enum { FIRST_CLANG_FOR_V3 = 20 };
enum { FIRST_LLVM_WITH_STACK_ARGUMENTS = 23 };

const char *origin_attribute(LLVMValueRef function, const char *name)
{
	unsigned length;
	LLVMAttributeRef found =
	    LLVMGetStringAttributeAtIndex(function, LLVMAttributeFunctionIndex, name, strlen(name));

	return found ? LLVMGetStringAttributeValue(found, &length) : NULL;
}

void origin_set_attribute(LLVMValueRef function, const char *name, const char *value)
{
	LLVMContextRef context = LLVMGetValueContext(function);

	if (value)
		LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
		    LLVMCreateStringAttribute(context, name, strlen(name), value, strlen(value)));
	else
		LLVMRemoveStringAttributeAtIndex(
		    function, LLVMAttributeFunctionIndex, name, strlen(name));
}

/* The oldest of the clangs that the module names as its compilers: the major version. 0 where there
 * is another compiler, or none is named. */
static unsigned clang_of(LLVMModuleRef module)
{
	static const char name[] = "clang version ";
	unsigned count = LLVMGetNamedMetadataNumOperands(module, "llvm.ident"), oldest = 0;
	LLVMValueRef *idents = xcalloc(count + 1, sizeof *idents), text;

	LLVMGetNamedMetadataOperands(module, "llvm.ident", idents);
	for (unsigned i = 0; i < count; i++) {
		unsigned length, version = 0;
		if (LLVMGetMDNodeNumOperands(idents[i]) == 1) {
			LLVMGetMDNodeOperands(idents[i], &text);
			const char *ident = text ? LLVMGetMDString(text, &length) : NULL;
			const char *found =
			    ident ? memmem(ident, length, name, strlen(name)) : NULL;
			version = found ? strtoul(found + strlen(name), NULL, 10) : 0;
		}
		oldest = i == 0 || version < oldest ? version : oldest;
	}
	free(idents);
	return oldest;
}

/* clang's own default, where it recorded none. */
static const char *default_cpu(LLVMModuleRef module)
{
	unsigned clang = is_bpf_triple(LLVMGetTarget(module)) ? clang_of(module) : 0;

	return clang >= FIRST_CLANG_FOR_V3 ? "v3" : clang ? "generic" : NULL;
}

bool origin_is_core_intrinsic(LLVMValueRef function)
{
	if (!LLVMIsDeclaration(function)) /* its name takes longer */
		return false;
	const char *name = value_name(function);
	return !strncmp(name, "llvm.preserve.", strlen("llvm.preserve.")) ||
	       !strncmp(name, "llvm.bpf.preserve.", strlen("llvm.bpf.preserve."));
}

static bool has_enum_attribute(LLVMValueRef function, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	return LLVMGetEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
}

/* A variable that the first of LLVM's passes makes a register of. */
static bool is_promotable(LLVMValueRef alloca)
{
	switch (LLVMGetTypeKind(LLVMGetAllocatedType(alloca))) {
	case LLVMIntegerTypeKind:
	case LLVMPointerTypeKind:
		break;
	default:
		return false;
	}
	for (LLVMUseRef use = LLVMGetFirstUse(alloca); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		bool loads = LLVMIsALoadInst(user);
		bool stores = LLVMIsAStoreInst(user) && LLVMGetOperand(user, 1) == alloca &&
			      LLVMGetOperand(user, 0) != alloca;
		if ((!loads && !stores) || LLVMGetVolatile(user) ||
		    LLVMGetOrdering(user) != LLVMAtomicOrderingNotAtomic)
			return false;
	}
	return LLVMGetFirstUse(alloca);
}

/* What only unoptimized code calls: functions that are inlined always, and the marks of CO-RE
 * accesses, which the first passes lower. */
static bool is_left_by_no_pass(LLVMValueRef callee)
{
	return LLVMIsAFunction(callee) &&
	       (origin_is_core_intrinsic(callee) ||
		   (!LLVMIsDeclaration(callee) && has_enum_attribute(callee, "alwaysinline")));
}

/* As clang -Xclang -disable-llvm-passes leaves it. What -O0 leaves has optnone, and stays as it is;
 * but what takes more than registers hold is no code for BPF, or none for most kernels, before
 * passes have seen to it. */
static bool is_unoptimized(LLVMValueRef function)
{
	LLVMBasicBlockRef entry = LLVMGetFirstBasicBlock(function);
	bool optnone = has_enum_attribute(function, "optnone");

	if (entry && LLVMCountParams(function) > MOST_REGISTERS &&
	    (optnone || libllvm_major() < FIRST_LLVM_WITH_STACK_ARGUMENTS))
		return true;
	if (optnone)
		return false;
	for (LLVMBasicBlockRef block = entry; block; block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction;
		    instruction = LLVMGetNextInstruction(instruction))
			if ((block == entry && LLVMIsAAllocaInst(instruction) &&
				is_promotable(instruction)) ||
			    (LLVMIsACallInst(instruction) &&
				is_left_by_no_pass(LLVMGetCalledValue(instruction))))
				return true;
	return false;
}

static bool is_optimized(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (is_unoptimized(function))
			return false;
	return true;
}

void origin_note(LLVMModuleRef module, const char *input, enum debug_info_loss loss)
{
	static const char *const losses[] = {[DROPPED] = "", [DROPPED_FOR_NOW] = "now"};
	bool by_clang = clang_of(module), optimized = by_clang && is_optimized(module);

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		if (!LLVMGetFirstBasicBlock(function))
			continue;
		origin_set_attribute(function, input_attribute, input);
		origin_set_attribute(function, clang_attribute, by_clang ? "" : NULL);
		origin_set_attribute(function, optimized_attribute, optimized ? "" : NULL);
		origin_set_attribute(function, cpu_attribute, origin_cpu(function));
		origin_set_attribute(function, lost_debug_info_attribute, losses[loss]);
	}
}

void origin_forget(LLVMModuleRef module)
{
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		origin_set_attribute(function, input_attribute, NULL);
		origin_set_attribute(function, clang_attribute, NULL);
		origin_set_attribute(function, cpu_attribute, NULL);
		origin_set_attribute(function, optimized_attribute, NULL);
		origin_set_attribute(function, lost_debug_info_attribute, NULL);
	}
}

const char *origin_input(LLVMValueRef function)
{
	const char *input = origin_attribute(function, input_attribute);

	return input ? input : "";
}

bool origin_is_of_clang(LLVMValueRef function)
{
	return origin_attribute(function, input_attribute)
		   ? origin_attribute(function, clang_attribute) != NULL
		   : clang_of(LLVMGetGlobalParent(function)) > 0;
}

bool origin_is_rust(LLVMModuleRef module)
{
	static const char name[] = "rustc version ";
	unsigned count = LLVMGetNamedMetadataNumOperands(module, "llvm.ident");
	LLVMValueRef *idents = xcalloc(count + 1, sizeof *idents);
	bool found = false;

	LLVMGetNamedMetadataOperands(module, "llvm.ident", idents);
	for (unsigned i = 0; i < count; i++) {
		char *text = is_node(idents[i]) ? text_at(idents[i], 0) : xstrdup("");
		found |= !strncmp(text, name, strlen(name));
		free(text);
	}
	free(idents);
	return found;
}

bool origin_is_optimized(LLVMValueRef function)
{
	return origin_attribute(function, optimized_attribute);
}

enum debug_info_loss origin_lost_debug_info(LLVMValueRef function)
{
	const char *loss = origin_attribute(function, lost_debug_info_attribute);

	return !loss ? KEPT : *loss ? DROPPED_FOR_NOW : DROPPED;
}

void origin_set_changed(LLVMValueRef function)
{
	origin_set_attribute(function, optimized_attribute, NULL);
}

const char *origin_cpu(LLVMValueRef function)
{
	static const char *const cpus[] = {"generic", "probe", "v1", "v2", "v3", "v4"};
	const char *noted = origin_attribute(function, cpu_attribute);
	const char *own = noted ? noted : origin_attribute(function, "target-cpu");

	for (size_t i = 0; own && i < sizeof cpus / sizeof *cpus; i++)
		if (!strcmp(own, cpus[i]))
			return cpus[i];
	return own ? NULL : default_cpu(LLVMGetGlobalParent(function));
}

const char *origin_features(LLVMValueRef function)
{
	const char *own = origin_attribute(function, "target-features");

	return own && origin_cpu(function) ? own : "";
}
