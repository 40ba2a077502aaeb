#include "memory-expand.h"
#include "array.h"
#include "memory-intrinsics.h"
#include "message.h"
#include "module.h"
#include "origin.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

/* Without in_order, a memmove takes more registers than there are, and a slot on the stack for
 * each. That of all functions that are active is 512 bytes. */
enum { MOST_OF_STACK = 448 };

/* With in_order, a memcmp is expanded up to so many pairs of loads. */
enum { MOST_COMPARES = 8 };

/* A call; what is known of the alignment of its pointers; and loads of them, where LLVM may infer
 * more. */
struct candidate {
	LLVMValueRef call, probes[2];
	unsigned alignments[2];
	bool compares;
};

static struct {
	ARRAY(struct candidate);
} candidates;
static LLVMContextRef context;
static LLVMTargetDataRef layout;
static LLVMBuilderRef builder;

static uint64_t size_of(LLVMValueRef call)
{
	return LLVMConstIntGetZExtValue(LLVMGetOperand(call, 2));
}

/* The widest access that a power of two and the size allow. */
static unsigned width_within(unsigned width, uint64_t size)
{
	while (width > 1 && width > size)
		width /= 2;
	return width;
}

static LLVMTypeRef integer_of(unsigned width)
{
	return LLVMIntTypeInContext(context, 8 * width);
}

/* --- Alignment --- */

/* A power of two, at most 8, that divides what the getelementptr adds. */
static unsigned step_of(LLVMValueRef gep)
{
	LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
	uint64_t bits = 8, size;
	int operands = LLVMGetNumOperands(gep);

	for (int i = 1; i < operands; i++) {
		LLVMValueRef index = LLVMGetOperand(gep, i);
		if (i > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
			unsigned member = LLVMConstIntGetZExtValue(index);
			bits |= LLVMOffsetOfElement(layout, type, member);
			type = LLVMStructGetTypeAtIndex(type, member);
			continue;
		}
		if (i > 1)
			type = LLVMGetElementType(type);
		size = LLVMABISizeOfType(layout, type);
		bits |= LLVMIsAConstantInt(index) ? size * LLVMConstIntGetSExtValue(index) : size;
	}
	return bits & -bits;
}

static bool is_gep(LLVMValueRef value)
{
	return LLVMIsAGetElementPtrInst(value) ||
	       (LLVMIsAConstantExpr(value) && LLVMGetConstOpcode(value) == LLVMGetElementPtr);
}

/* Whether its alignment is ours to raise. A constant's would move it to another section. */
static bool is_ours(LLVMValueRef object)
{
	const char *section;

	if (LLVMIsAAllocaInst(object))
		return true;
	if (LLVMIsGlobalConstant(object) || LLVMGetLinkage(object) != LLVMInternalLinkage ||
	    !LLVMGetAlignment(object))
		return false;
	section = LLVMGetSection(object);
	return !section || !*section;
}

/* The alignment up to the width that the pointer has by the object that it points into, which is
 * raised; 1 where that is not known. */
static unsigned raise_alignment(LLVMValueRef pointer, unsigned width)
{
	for (; is_gep(pointer); pointer = LLVMGetOperand(pointer, 0))
		width = step_of(pointer) < width ? step_of(pointer) : width;
	if (!LLVMIsAAllocaInst(pointer) && !LLVMIsAGlobalVariable(pointer))
		return 1;
	if (is_ours(pointer) && LLVMGetAlignment(pointer) < width)
		LLVMSetAlignment(pointer, width);
	if (!LLVMGetAlignment(pointer))
		return 1;
	return LLVMGetAlignment(pointer) < width ? LLVMGetAlignment(pointer) : width;
}

/* A load before the call, of which LLVM infers the alignment. */
static LLVMValueRef probe(LLVMValueRef call, unsigned argument, unsigned width)
{
	LLVMPositionBuilderBefore(builder, call);
	LLVMValueRef load =
	    LLVMBuildLoad2(builder, integer_of(width), LLVMGetOperand(call, argument), "");

	LLVMSetAlignment(load, 1);
	return load;
}

/* LLVM's code for a memcmp does not know what the call promises. */
static unsigned promised_alignment(const struct candidate *candidate, unsigned argument)
{
	return candidate->compares ? 1 : memory_intrinsic_alignment(candidate->call, argument);
}

static bool is_of_clang(LLVMValueRef call)
{
	return origin_is_of_clang(LLVMGetBasicBlockParent(LLVMGetInstructionParent(call)));
}

/* Copies and fills of clang's stay as clang's own code generation finds them: what is aligned more
 * takes more of the stack. */
static void start_alignment(struct candidate *candidate)
{
	LLVMValueRef call = candidate->call, pointer;
	unsigned pointers = !candidate->compares && memory_intrinsic_sets(call) ? 1 : 2;
	unsigned width = width_within(8, size_of(call)), known, promised;

	if (!candidate->compares && is_of_clang(call))
		return;
	for (unsigned i = 0; i < pointers; i++) {
		pointer = LLVMGetOperand(call, i);
		known = raise_alignment(pointer, width);
		promised = promised_alignment(candidate, i);
		candidate->alignments[i] = known > promised ? known : promised;
		if (candidate->alignments[i] < width && !LLVMIsConstant(pointer))
			candidate->probes[i] = probe(call, i, width);
	}
}

static void promise_alignment(LLVMValueRef call, unsigned argument, unsigned alignment)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("align", strlen("align"));

	LLVMRemoveCallSiteEnumAttribute(call, argument + 1, kind);
	LLVMAddCallSiteAttribute(
	    call, argument + 1, LLVMCreateEnumAttribute(context, kind, alignment));
}

/* More than 8 is of no use, and code generation crashes of it where LLVM is told to copy in order.
 */
static void finish_alignment(struct candidate *candidate)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned *known = &candidate->alignments[i];
		if (candidate->probes[i] && LLVMGetAlignment(candidate->probes[i]) > *known)
			*known = LLVMGetAlignment(candidate->probes[i]);
		if (*known > 8)
			*known = 8;
		if (*known && !candidate->compares &&
		    *known != memory_intrinsic_alignment(candidate->call, i))
			promise_alignment(candidate->call, i, *known);
	}
}

static void drop_probes(struct candidate *candidate)
{
	for (unsigned i = 0; i < 2; i++)
		if (candidate->probes[i])
			LLVMInstructionEraseFromParent(candidate->probes[i]);
}

/* --- Calls of builtins --- */

static LLVMValueRef find_builtin(LLVMModuleRef module, const char *name, LLVMTypeRef type)
{
	LLVMValueRef found = LLVMGetNamedFunction(module, name);

	if (!found)
		found = LLVMGetNamedGlobalAlias(module, name, strlen(name));
	return found ? found : LLVMAddFunction(module, name, type);
}

/* LLVM wants a location for each call in a function with debug info. */
static void locate(LLVMValueRef call, LLVMValueRef like)
{
	LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(like));
	LLVMMetadataRef location = LLVMInstructionGetDebugLoc(like);
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);

	if (!location && subprogram)
		location = LLVMDIBuilderCreateDebugLocation(context, 0, 0, subprogram, NULL);
	LLVMInstructionSetDebugLoc(call, location);
}

static void make_call(LLVMModuleRef module, LLVMValueRef intrinsic, const char *name)
{
	LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);
	LLVMTypeRef word = LLVMInt64TypeInContext(context),
		    number = LLVMInt32TypeInContext(context);
	bool sets = memory_intrinsic_sets(intrinsic);
	LLVMTypeRef parameters[] = {pointer, sets ? number : pointer, word};
	LLVMTypeRef type = LLVMFunctionType(pointer, parameters, 3, false);
	LLVMValueRef arguments[3], call;

	LLVMPositionBuilderBefore(builder, intrinsic);
	for (unsigned i = 0; i < 3; i++)
		arguments[i] = LLVMGetOperand(intrinsic, i);
	if (sets)
		arguments[1] = LLVMBuildZExt(builder, arguments[1], number, "");
	arguments[2] = LLVMBuildIntCast2(builder, arguments[2], word, false, "");
	call = LLVMBuildCall2(builder, type, find_builtin(module, name, type), arguments, 3, "");
	locate(call, intrinsic);
	LLVMInstructionEraseFromParent(intrinsic);
}

/* --- Expansion --- */

static LLVMValueRef offset_pointer(LLVMValueRef pointer, uint64_t offset)
{
	LLVMValueRef index = LLVMConstInt(LLVMInt64TypeInContext(context), offset, false);

	if (!offset)
		return pointer;
	return LLVMBuildGEP2(builder, LLVMInt8TypeInContext(context), pointer, &index, 1, "");
}

/* The byte that a memset stores, in each byte of an integer of the type. */
static LLVMValueRef repeat_byte(LLVMValueRef byte, LLVMTypeRef type)
{
	LLVMValueRef ones = LLVMConstInt(type, 0x0101010101010101, false);

	if (LLVMIsAConstantInt(byte))
		return LLVMConstInt(
		    type, LLVMConstIntGetZExtValue(byte) * 0x0101010101010101, false);
	return LLVMBuildMul(builder, LLVMBuildZExt(builder, byte, type, ""), ones, "");
}

static bool is_volatile(LLVMValueRef call)
{
	return LLVMConstIntGetZExtValue(LLVMGetOperand(call, 3));
}

static LLVMValueRef load(LLVMValueRef call, uint64_t offset, unsigned width)
{
	LLVMValueRef address = offset_pointer(LLVMGetOperand(call, 1), offset);
	LLVMValueRef value = LLVMBuildLoad2(builder, integer_of(width), address, "");

	LLVMSetAlignment(value, width);
	LLVMSetVolatile(value, is_volatile(call));
	return value;
}

static void store(LLVMValueRef call, LLVMValueRef value, uint64_t offset, unsigned width)
{
	LLVMValueRef address = offset_pointer(LLVMGetOperand(call, 0), offset);
	LLVMValueRef instruction = LLVMBuildStore(builder, value, address);

	LLVMSetAlignment(instruction, width);
	LLVMSetVolatile(instruction, is_volatile(call));
}

static void expand(LLVMValueRef call, bool moves)
{
	uint64_t size = size_of(call), offset = 0;
	unsigned width = memory_intrinsic_width(call), moved = 0;
	LLVMValueRef values[MOST_MOVES + 3], value;

	LLVMPositionBuilderBefore(builder, call);
	for (; moves && offset < size; offset += width) {
		width = width_within(width, size - offset);
		values[moved++] = load(call, offset, width);
	}
	moved = 0;
	width = memory_intrinsic_width(call);
	for (offset = 0; offset < size; offset += width) {
		width = width_within(width, size - offset);
		if (moves)
			value = values[moved++];
		else if (memory_intrinsic_sets(call))
			value = repeat_byte(LLVMGetOperand(call, 1), integer_of(width));
		else
			value = load(call, offset, width);
		store(call, value, offset, width);
	}
	LLVMInstructionEraseFromParent(call);
}

/* --- The decision --- */

/* LLVM makes eight-byte words of it, and smaller ones of the rest, whatever the alignment
 * is. A memcpy that takes too many of them has another way, which goes by the alignment. */
static bool llvm_expands(LLVMValueRef call)
{
	const char *builtin = memory_intrinsic_builtin(LLVMGetCalledValue(call));

	if (!LLVMIsAConstantInt(LLVMGetOperand(call, 2)))
		return false;
	if (!strcmp(builtin, "memcpy") && memory_intrinsic_stores(call) <= MOST_STORES)
		return true;
	return size_of(call) / 8 + __builtin_popcountll(size_of(call) % 8) <= MOST_STORES;
}

static uint64_t stack_of(LLVMValueRef function)
{
	LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(function);
	uint64_t size = 0;

	for (LLVMValueRef instruction = LLVMGetFirstInstruction(entry); instruction;
	    instruction = LLVMGetNextInstruction(instruction))
		if (LLVMIsAAllocaInst(instruction))
			size += LLVMABISizeOfType(layout, LLVMGetAllocatedType(instruction));
	return size;
}

/* Whether the registers and the stack suffice for a memmove. */
static bool fits_stack(LLVMValueRef call)
{
	LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
	uint64_t used = stack_of(function), stores = memory_intrinsic_stores(call);

	return stores <= MOST_MOVES + (used < MOST_OF_STACK ? (MOST_OF_STACK - used) / 8 : 0);
}

static bool is_inline(LLVMValueRef call, bool moves, bool in_order)
{
	if (in_order)
		return memory_intrinsic_stores(call) <= (moves ? MOST_MOVES : MOST_STORES);
	return llvm_expands(call) && (!moves || fits_stack(call));
}

/* LLVM stores such bytes as they are, and loads none. */
static bool copies_constant(LLVMValueRef call)
{
	LLVMValueRef source = LLVMGetOperand(call, 1);

	while (is_gep(source))
		source = LLVMGetOperand(source, 0);
	return LLVMIsAGlobalVariable(source) && LLVMIsGlobalConstant(source) &&
	       LLVMGetInitializer(source) &&
	       (LLVMGetLinkage(source) == LLVMInternalLinkage ||
		   LLVMGetLinkage(source) == LLVMPrivateLinkage);
}

/* LLVM would make loads of bytes first, and keep these on the stack; as clang does while there is
 * room. */
static bool is_narrow_copy(LLVMValueRef call, bool moves)
{
	return !moves && !memory_intrinsic_sets(call) && memory_intrinsic_width(call) < 8 &&
	       memory_intrinsic_stores(call) > MOST_MOVES &&
	       !(is_of_clang(call) && fits_stack(call));
}

static bool takes_pointer(LLVMValueRef call, unsigned argument)
{
	LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(call, argument));

	return LLVMGetTypeKind(type) != LLVMPointerTypeKind || !LLVMGetPointerAddressSpace(type);
}

static void decide(LLVMModuleRef module, LLVMValueRef call, bool in_order)
{
	const char *builtin = memory_intrinsic_builtin(LLVMGetCalledValue(call));
	bool moves = !strcmp(builtin, "memmove");

	if (!is_inline(call, moves, in_order)) {
		if (takes_pointer(call, 0) && takes_pointer(call, 1))
			make_call(module, call, builtin);
	} else if (!copies_constant(call) && (in_order || is_narrow_copy(call, moves))) {
		expand(call, moves);
	}
}

/* LLVM's expansion loads words, which are loads of bytes where that is all the alignment. */
static bool is_worth_comparing_inline(const struct candidate *candidate)
{
	uint64_t size = size_of(candidate->call);
	unsigned width = candidate->alignments[0];

	if (candidate->alignments[1] < width)
		width = candidate->alignments[1];
	return size / width + __builtin_popcountll(size % width) <= MOST_COMPARES;
}

/* Returns whether LLVM shall expand it. */
static bool decide_compare(const struct candidate *candidate, bool in_order)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("nobuiltin", strlen("nobuiltin"));

	if (!in_order || is_worth_comparing_inline(candidate))
		return true;
	LLVMAddCallSiteAttribute(
	    candidate->call, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(context, kind, 0));
	return false;
}

static bool is_compare(LLVMValueRef function)
{
	LLVMTypeRef types[3], type = LLVMGlobalGetValueType(function);

	if (LLVMCountParamTypes(type) != 3)
		return false;
	LLVMGetParamTypes(type, types);
	if (LLVMGetTypeKind(types[0]) != LLVMPointerTypeKind ||
	    LLVMGetTypeKind(types[1]) != LLVMPointerTypeKind)
		return false;
	return !strcmp(value_name(function), "memcmp") || !strcmp(value_name(function), "bcmp");
}

static void note_calls(LLVMValueRef function, bool compares)
{
	for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		if (!LLVMIsACallInst(call) || LLVMGetCalledValue(call) != function ||
		    (compares && (LLVMGetNumArgOperands(call) != 3 ||
				     !LLVMIsAConstantInt(LLVMGetOperand(call, 2)))))
			continue;
		array_add(&candidates, (struct candidate){.call = call, .compares = compares});
	}
}

static void run(LLVMModuleRef module, LLVMTargetMachineRef machine, const char *passes)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef error = LLVMRunPasses(module, passes, machine, options);

	if (error)
		fail("%s: %s", message_subject, LLVMGetErrorMessage(error));
	LLVMDisposePassBuilderOptions(options);
}

void memory_expand(LLVMModuleRef module, LLVMTargetMachineRef machine, bool in_order)
{
	bool any_probe = false, any_compare = false;

	context = LLVMGetModuleContext(module);
	layout = LLVMGetModuleDataLayout(module);
	builder = LLVMCreateBuilderInContext(context);
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function;
	    function = LLVMGetNextFunction(function))
		if (memory_intrinsic_builtin(function) || is_compare(function))
			note_calls(function, is_compare(function));
	for (size_t i = 0; i < candidates.count; i++) {
		if (LLVMIsAConstantInt(LLVMGetOperand(candidates.items[i].call, 2)))
			start_alignment(&candidates.items[i]);
		any_probe |= candidates.items[i].probes[0] || candidates.items[i].probes[1];
	}
	if (any_probe)
		run(module, machine, "function(infer-alignment)");
	for (size_t i = 0; i < candidates.count; i++) {
		finish_alignment(&candidates.items[i]);
		if (candidates.items[i].compares)
			any_compare |= decide_compare(&candidates.items[i],
			    in_order && !is_of_clang(candidates.items[i].call));
		drop_probes(&candidates.items[i]);
	}
	for (size_t i = 0; i < candidates.count; i++)
		if (!candidates.items[i].compares)
			decide(module, candidates.items[i].call,
			    in_order && !is_of_clang(candidates.items[i].call));
	if (any_compare)
		run(module, machine, "function(expand-memcmp,infer-alignment)");
	LLVMDisposeBuilder(builder);
	candidates.count = 0;
}

bool memory_expand_left_call(LLVMValueRef intrinsic)
{
	for (LLVMUseRef use = LLVMGetFirstUse(intrinsic); use; use = LLVMGetNextUse(use))
		if (LLVMIsACallInst(LLVMGetUser(use)) && !llvm_expands(LLVMGetUser(use)))
			return true;
	return false;
}
