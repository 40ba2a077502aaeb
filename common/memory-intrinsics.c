#include "memory-intrinsics.h"
#include "exports.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <string.h>

/* An llvm.memcpy is expanded up to so many stores (BPF's getCommonMaxStores); so are memsets. A
 * memmove loads all before it stores, into registers that must suffice. */
enum { MOST_STORES = 128, MOST_MOVES = 8 };

/* The builtin that the intrinsic may end in, or NULL. */
static const char *builtin_of(LLVMValueRef intrinsic)
{
	static const char *const prefixes[] = {"llvm.memcpy.p", "llvm.memmove.p", "llvm.memset.p"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncmp(value_name(intrinsic), prefixes[i], strlen(prefixes[i])))
			return memory_builtins[i];
	return NULL;
}

/* Else it copies. */
static bool is_memset(LLVMValueRef call)
{
	return LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(call, 1))) == LLVMIntegerTypeKind;
}

static unsigned alignment_of(LLVMValueRef call, unsigned argument)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("align", strlen("align"));
	LLVMAttributeRef attribute = LLVMGetCallSiteEnumAttribute(call, argument + 1, kind);
	uint64_t alignment = attribute ? LLVMGetEnumAttributeValue(attribute) : 1;

	return alignment > 8 ? 8 : alignment;
}

/* The widest access in bytes whose alignment is known. */
static unsigned width_of(LLVMValueRef call)
{
	unsigned to = alignment_of(call, 0), from = is_memset(call) ? to : alignment_of(call, 1);

	return to < from ? to : from;
}

/* How many stores the call takes, UINT64_MAX when its size is not known. */
static uint64_t stores_of(LLVMValueRef call)
{
	LLVMValueRef size = LLVMGetOperand(call, 2);

	if (!LLVMIsAConstantInt(size))
		return UINT64_MAX;
	return LLVMConstIntGetZExtValue(size) / width_of(call) +
	       (LLVMConstIntGetZExtValue(size) % width_of(call) != 0);
}

static bool is_call_of(LLVMValueRef user, LLVMValueRef function)
{
	return LLVMIsACallInst(user) && LLVMGetCalledValue(user) == function;
}

static bool is_small(LLVMValueRef call)
{
	bool moves = !strcmp(builtin_of(LLVMGetCalledValue(call)), "memmove");

	return stores_of(call) <= (moves ? MOST_MOVES : MOST_STORES);
}

static bool is_volatile(LLVMValueRef call)
{
	return LLVMConstIntGetZExtValue(LLVMGetOperand(call, 3));
}

static bool may_become_call(LLVMValueRef intrinsic)
{
	for (LLVMUseRef use = LLVMGetFirstUse(intrinsic); use; use = LLVMGetNextUse(use))
		if (is_call_of(LLVMGetUser(use), intrinsic) &&
		    (!is_small(LLVMGetUser(use)) || is_volatile(LLVMGetUser(use))))
			return true;
	return false;
}

const char *memory_intrinsic_calls(LLVMValueRef function)
{
	const char *builtin = builtin_of(function);

	return builtin && may_become_call(function) ? builtin : NULL;
}

static LLVMValueRef offset_pointer(LLVMBuilderRef builder, LLVMValueRef pointer, uint64_t offset)
{
	LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(pointer));
	LLVMValueRef index = LLVMConstInt(LLVMInt64TypeInContext(context), offset, false);

	if (!offset)
		return pointer;
	return LLVMBuildGEP2(builder, LLVMInt8TypeInContext(context), pointer, &index, 1, "");
}

/* The byte that a memset stores, in each byte of an integer of the type. */
static LLVMValueRef repeat_byte(LLVMBuilderRef builder, LLVMValueRef byte, LLVMTypeRef type)
{
	LLVMValueRef ones = LLVMConstInt(type, 0x0101010101010101, false);

	if (LLVMIsAConstantInt(byte))
		return LLVMConstInt(
		    type, LLVMConstIntGetZExtValue(byte) * 0x0101010101010101, false);
	return LLVMBuildMul(builder, LLVMBuildZExt(builder, byte, type, ""), ones, "");
}

static void expand(LLVMBuilderRef builder, LLVMValueRef call)
{
	LLVMValueRef to = LLVMGetOperand(call, 0), from = LLVMGetOperand(call, 1);
	LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(call));
	uint64_t size = LLVMConstIntGetZExtValue(LLVMGetOperand(call, 2)), offset = 0;
	LLVMValueRef values[MOST_STORES + 3];
	unsigned widths[MOST_STORES + 3], count = 0;

	LLVMPositionBuilderBefore(builder, call);
	for (unsigned width = width_of(call); offset < size; offset += width) {
		while (width > size - offset)
			width /= 2;
		LLVMTypeRef type = LLVMIntTypeInContext(context, 8 * width);
		if (is_memset(call)) {
			values[count] = repeat_byte(builder, from, type);
		} else {
			values[count] = LLVMBuildLoad2(
			    builder, type, offset_pointer(builder, from, offset), "");
			LLVMSetAlignment(values[count], width);
		}
		widths[count++] = width;
	}
	offset = 0;
	for (unsigned i = 0; i < count; offset += widths[i++])
		LLVMSetAlignment(
		    LLVMBuildStore(builder, values[i], offset_pointer(builder, to, offset)),
		    widths[i]);
	LLVMInstructionEraseFromParent(call);
}

void memory_intrinsics_expand(LLVMModuleRef module)
{
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));

	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function)) {
		const char *builtin = builtin_of(function);
		if (!builtin || !strcmp(builtin, "memcpy"))
			continue;
		for (LLVMUseRef use = LLVMGetFirstUse(function), next; use; use = next) {
			LLVMValueRef call = LLVMGetUser(use);
			next = LLVMGetNextUse(use);
			if (is_call_of(call, function) && is_small(call) && !is_volatile(call))
				expand(builder, call);
		}
	}
	LLVMDisposeBuilder(builder);
}
