#include "integers.h"
#include "memory.h"
#include <llvm-c/Core.h>
#include <stdlib.h>

LLVMBuilderRef integer_builder;

static bool is_vector(LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMVectorTypeKind;
}

static LLVMTypeRef element_of(LLVMTypeRef type)
{
	return is_vector(type) ? LLVMGetElementType(type) : type;
}

unsigned integer_width(LLVMTypeRef type)
{
	LLVMTypeRef element = element_of(type);

	return LLVMGetTypeKind(element) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(element) : 0;
}

LLVMTypeRef integer_with_width(LLVMTypeRef type, unsigned width)
{
	LLVMTypeRef integer = LLVMIntTypeInContext(LLVMGetTypeContext(type), width);

	return is_vector(type) ? LLVMVectorType(integer, LLVMGetVectorSize(type)) : integer;
}

static LLVMValueRef repeat(LLVMTypeRef type, LLVMValueRef constant)
{
	unsigned size = is_vector(type) ? LLVMGetVectorSize(type) : 0;
	LLVMValueRef *items = xcalloc(size + 1, sizeof *items);

	for (unsigned i = 0; i < size; i++)
		items[i] = constant;
	LLVMValueRef result = size ? LLVMConstVector(items, size) : constant;
	free(items);
	return result;
}

LLVMValueRef integer_constant(LLVMTypeRef type, uint64_t value)
{
	return repeat(type, LLVMConstInt(element_of(type), value, false));
}

LLVMValueRef integer_largest(LLVMTypeRef type, unsigned bits)
{
	return LLVMBuildLShr(integer_builder, repeat(type, LLVMConstAllOnes(element_of(type))),
	    integer_constant(type, integer_width(type) - bits), "");
}

LLVMValueRef integer_shift_right(LLVMValueRef value, unsigned bits)
{
	return bits ? LLVMBuildLShr(
			  integer_builder, value, integer_constant(LLVMTypeOf(value), bits), "")
		    : value;
}

LLVMValueRef integer_shift_left(LLVMValueRef value, unsigned bits)
{
	return bits ? LLVMBuildShl(
			  integer_builder, value, integer_constant(LLVMTypeOf(value), bits), "")
		    : value;
}

LLVMValueRef integer_cast(LLVMValueRef value, unsigned width, bool is_signed)
{
	LLVMTypeRef type = integer_with_width(LLVMTypeOf(value), width);

	if (width < integer_width(LLVMTypeOf(value)))
		return LLVMBuildTrunc(integer_builder, value, type, "");
	return width == integer_width(LLVMTypeOf(value)) ? value
	       : is_signed ? LLVMBuildSExt(integer_builder, value, type, "")
			   : LLVMBuildZExt(integer_builder, value, type, "");
}

LLVMValueRef integer_sign(LLVMValueRef value)
{
	LLVMTypeRef type = LLVMTypeOf(value);

	return LLVMBuildAShr(
	    integer_builder, value, integer_constant(type, integer_width(type) - 1), "");
}

unsigned integer_words(unsigned width)
{
	return (width + WORD - 1) / WORD;
}
