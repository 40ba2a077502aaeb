#include "lower.h"
#include "libllvm.h"
#include "memory.h"
#include "metadata.h"
#include "types.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 3 };
enum { FIRST_OF_ARRAY = 1 }; /* the index of LLVM's getelementptr that is the element's */

/* Where intrinsics are put. */
struct place {
	LLVMValueRef call;
	LLVMBuilderRef builder;
	LLVMModuleRef module;
};

static struct place place_of(LLVMValueRef call)
{
	LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
	struct place place = {
	    .call = call,
	    .builder = LLVMCreateBuilderInContext(metadata_context),
	    .module = LLVMGetGlobalParent(function),
	};

	LLVMPositionBuilderBefore(place.builder, call);
	LLVMSetCurrentDebugLocation2(place.builder, LLVMInstructionGetDebugLoc(call));
	return place;
}

static LLVMTypeRef pointer(void)
{
	return LLVMPointerTypeInContext(metadata_context, 0);
}

static LLVMValueRef number(unsigned bits, uint64_t value)
{
	return LLVMConstInt(LLVMIntTypeInContext(metadata_context, bits), value, false);
}

/* A call of the intrinsic. Its name is overloaded by so many pointers; type, a node of debug info,
 * may be NULL. */
static LLVMValueRef call_intrinsic(const struct place *place, const char *name, size_t pointers,
    LLVMValueRef type, LLVMValueRef *arguments, size_t count)
{
	static const char access[] = "llvm.preserve.access.index";
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
	LLVMTypeRef overloaded[] = {pointer(), pointer()};

	if (!id)
		libllvm_refuse("has no intrinsic %s", name);
	LLVMValueRef intrinsic =
	    LLVMGetIntrinsicDeclaration(place->module, id, overloaded, pointers);
	LLVMValueRef call = LLVMBuildCall2(
	    place->builder, LLVMGlobalGetValueType(intrinsic), intrinsic, arguments, count, "");
	if (type)
		LLVMSetMetadata(
		    call, LLVMGetMDKindIDInContext(metadata_context, access, strlen(access)), type);
	return call;
}

/* The type that the first argument points to. LLVM takes all that it needs from debug info, but for
 * the alignment of bit-fields. */
static void set_element_type(LLVMValueRef call, LLVMTypeRef type)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("elementtype", strlen("elementtype"));

	LLVMAddCallSiteAttribute(call, 1, LLVMCreateTypeAttribute(metadata_context, kind, type));
}

static LLVMTypeRef structure_like(LLVMValueRef type)
{
	LLVMTypeRef member = LLVMIntTypeInContext(metadata_context, 8 * alignment_of(type));

	return LLVMStructTypeInContext(metadata_context, &member, 1, false);
}

static LLVMValueRef lower_step(const struct place *place, LLVMValueRef base, struct step step)
{
	LLVMValueRef call, arguments[MOST_ARGUMENTS] = {base};

	if (is_union(step.type)) {
		arguments[1] = number(32, step.index);
		return call_intrinsic(
		    place, "llvm.preserve.union.access.index", 2, step.type, arguments, 2);
	}
	arguments[2] = number(32, step.index);
	if (is_array(step.type)) {
		arguments[1] = number(32, FIRST_OF_ARRAY);
		call = call_intrinsic(
		    place, "llvm.preserve.array.access.index", 2, step.type, arguments, 3);
		set_element_type(call, LLVMArrayType2(LLVMInt8TypeInContext(metadata_context), 1));
		return call;
	}
	arguments[1] = number(32, 0);
	call =
	    call_intrinsic(place, "llvm.preserve.struct.access.index", 2, step.type, arguments, 3);
	set_element_type(call, structure_like(step.type));
	return call;
}

static void replace_call(struct place *place, LLVMValueRef result)
{
	LLVMTypeRef wanted = LLVMTypeOf(place->call);

	LLVMReplaceAllUsesWith(
	    place->call, LLVMBuildIntCast2(place->builder, result, wanted, false, ""));
	LLVMInstructionEraseFromParent(place->call);
	LLVMDisposeBuilder(place->builder);
}

void lower_field(LLVMValueRef call, const struct marker *marker, const struct access *access)
{
	struct place place = place_of(call);
	LLVMValueRef base = LLVMConstNull(pointer());

	for (size_t i = 0; i < access->count; i++)
		base = lower_step(&place, base, access->items[i]);
	LLVMValueRef arguments[] = {base, number(64, marker->kind->flag)};
	replace_call(
	    &place, call_intrinsic(&place, "llvm.bpf.preserve.field.info", 1, NULL, arguments, 2));
}

/* Calls that LLVM is to keep apart have different numbers. */
static LLVMValueRef next_number(void)
{
	static unsigned last;

	return number(32, last++);
}

void lower_type(LLVMValueRef call, const struct marker *marker, LLVMValueRef type)
{
	struct place place = place_of(call);
	const char *intrinsic = marker->kind->subject == OF_TYPE_ID ? "llvm.bpf.btf.type.id"
								    : "llvm.bpf.preserve.type.info";
	LLVMValueRef arguments[] = {next_number(), number(64, marker->kind->flag)};

	replace_call(&place, call_intrinsic(&place, intrinsic, 0, type, arguments, 2));
}

void lower_enumerator(LLVMValueRef call, const struct marker *marker, LLVMValueRef type,
    const char *name, int64_t value)
{
	struct place place = place_of(call);
	char *text = xasprintf("%s:%lld", name, (long long)value);
	LLVMValueRef string =
	    LLVMConstStringInContext2(metadata_context, text, strlen(text), false);
	LLVMValueRef variable = LLVMAddGlobal(place.module, LLVMTypeOf(string), "");

	LLVMSetInitializer(variable, string);
	LLVMSetLinkage(variable, LLVMPrivateLinkage);
	LLVMSetGlobalConstant(variable, true);
	LLVMSetUnnamedAddress(variable, LLVMGlobalUnnamedAddr);
	LLVMValueRef arguments[] = {next_number(), variable, number(64, marker->kind->flag)};
	replace_call(
	    &place, call_intrinsic(&place, "llvm.bpf.preserve.enum.value", 0, type, arguments, 3));
	free(text);
}
