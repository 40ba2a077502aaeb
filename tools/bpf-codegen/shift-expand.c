#include "shift-expand.h"
#include "integers.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <string.h>

/* --- Shifts of a power of two of bits --- */

static LLVMValueRef both(LLVMValueRef a, LLVMValueRef b)
{
	return LLVMBuildOr(integer_builder, a, b, "");
}

static LLVMValueRef cut(LLVMValueRef value, LLVMValueRef mask)
{
	return LLVMBuildAnd(integer_builder, value, mask, "");
}

/* The value that the mask of all ones or none selects: a branch for each shift would double what
 * the verifier has to follow. */
static LLVMValueRef choose(LLVMValueRef mask, LLVMValueRef set, LLVMValueRef unset)
{
	return both(cut(set, mask), cut(unset, LLVMBuildNot(integer_builder, mask, "")));
}

static LLVMValueRef join(LLVMValueRef low, LLVMValueRef high)
{
	unsigned half = integer_width(LLVMTypeOf(low));

	return both(integer_cast(low, 2 * half, false),
	    integer_shift_left(integer_cast(high, 2 * half, false), half));
}

/* All ones where the bit of the word is set, in so many bits. */
static LLVMValueRef spread(LLVMValueRef word, unsigned bit, unsigned width)
{
	unsigned position = __builtin_ctz(bit);

	return integer_cast(
	    integer_sign(integer_shift_left(word, WORD - 1 - position)), width, true);
}

/* By a word that is less than the width. The halves are shifted, in halves again where they are
 * more than a word. opcode: LLVMShl, LLVMLShr or LLVMAShr. */
static LLVMValueRef shift(LLVMOpcode opcode, LLVMValueRef value, LLVMValueRef amount)
{
	unsigned width = integer_width(LLVMTypeOf(value)), half = width / 2;

	if (width <= WORD)
		return LLVMBuildBinOp(integer_builder, opcode, value, amount, "");
	LLVMTypeRef word = LLVMTypeOf(amount);
	LLVMValueRef near = cut(amount, integer_constant(word, half - 1));
	LLVMValueRef rest =
	    LLVMBuildXor(integer_builder, near, integer_constant(word, half - 1), "");
	LLVMValueRef is_far = spread(amount, half, half);
	LLVMValueRef low = integer_cast(value, half, false);
	LLVMValueRef high = integer_cast(integer_shift_right(value, half), half, false);
	LLVMValueRef none = integer_constant(LLVMTypeOf(low), 0), moved, mixed;
	if (opcode == LLVMShl) {
		moved = shift(opcode, low, near);
		mixed = both(
		    shift(opcode, high, near), shift(LLVMLShr, integer_shift_right(low, 1), rest));
		return join(choose(is_far, none, moved), choose(is_far, moved, mixed));
	}
	moved = shift(opcode, high, near);
	mixed = both(shift(LLVMLShr, low, near), shift(LLVMShl, integer_shift_left(high, 1), rest));
	return join(choose(is_far, moved, mixed),
	    choose(is_far, opcode == LLVMAShr ? integer_sign(high) : none, moved));
}

/* --- Of any width --- */

/* The width in which it is done. */
static unsigned padded(unsigned width)
{
	unsigned result = 2 * WORD;

	while (result < width)
		result *= 2;
	return result;
}

/* By a word that is less than the width. */
static LLVMValueRef shift_any(LLVMOpcode opcode, LLVMValueRef value, LLVMValueRef amount)
{
	unsigned width = integer_width(LLVMTypeOf(value));
	LLVMValueRef wide = integer_cast(value, padded(width), opcode == LLVMAShr);

	return integer_cast(shift(opcode, wide, amount), width, false);
}

/* The rest of the division of a number of any width, word by word, for the remainder of a word by
 * the divisor is what 64 bits leave room for. */
static LLVMValueRef rest_of(LLVMValueRef number, unsigned divisor)
{
	unsigned count = integer_words(integer_width(LLVMTypeOf(number)));
	LLVMValueRef wide = integer_cast(number, count * WORD, false), rest = NULL;
	uint64_t carry = (UINT64_MAX % divisor + 1) % divisor; /* of a word's worth */

	while (count-- > 0) {
		LLVMValueRef word =
		    integer_cast(integer_shift_right(wide, count * WORD), WORD, false);
		LLVMValueRef by = integer_constant(LLVMTypeOf(word), divisor);
		word = LLVMBuildURem(integer_builder, word, by, "");
		if (rest) {
			LLVMValueRef above = LLVMBuildMul(
			    integer_builder, rest, integer_constant(LLVMTypeOf(word), carry), "");
			word = LLVMBuildURem(integer_builder,
			    LLVMBuildAdd(integer_builder, above, word, ""), by, "");
		}
		rest = word;
	}
	return rest;
}

static bool starts_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* The name of the intrinsic that the instruction calls, "" where it calls none. */
static const char *intrinsic_of(LLVMValueRef instruction)
{
	LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
	const char *name = callee ? value_name(callee) : "";

	return starts_with(name, "llvm.") ? name : "";
}

/* https://llvm.org/docs/LangRef.html#llvm-fshl-intrinsic: by the rest of the division by the width
 */
static LLVMValueRef expand_funnel(LLVMValueRef call, bool is_left)
{
	LLVMValueRef high = LLVMGetOperand(call, 0), low = LLVMGetOperand(call, 1);
	unsigned width = integer_width(LLVMTypeOf(high));
	LLVMValueRef amount = rest_of(LLVMGetOperand(call, 2), width);
	LLVMValueRef last = integer_constant(LLVMTypeOf(amount), width - 1);
	LLVMValueRef others = LLVMBuildSub(integer_builder, last, amount, "");

	if (is_left)
		return both(shift_any(LLVMShl, high, amount),
		    shift_any(LLVMLShr, integer_shift_right(low, 1), others));
	return both(shift_any(LLVMShl, integer_shift_left(high, 1), others),
	    shift_any(LLVMLShr, low, amount));
}

/* https://llvm.org/docs/LangRef.html#saturation-arithmetic-intrinsics: the limit where the shift
 * back gives another number */
static LLVMValueRef expand_saturating(LLVMValueRef call, bool is_signed)
{
	LLVMValueRef value = LLVMGetOperand(call, 0);
	LLVMTypeRef type = LLVMTypeOf(value);
	unsigned width = integer_width(type);
	LLVMValueRef amount = integer_cast(LLVMGetOperand(call, 1), WORD, false);
	LLVMValueRef result = shift_any(LLVMShl, value, amount);
	LLVMValueRef back = shift_any(is_signed ? LLVMAShr : LLVMLShr, result, amount);
	LLVMValueRef limit = integer_largest(type, is_signed ? width - 1 : width);

	if (is_signed)
		limit = LLVMBuildXor(integer_builder, limit, integer_sign(value), "");
	return LLVMBuildSelect(integer_builder,
	    LLVMBuildICmp(integer_builder, LLVMIntEQ, back, value, ""), result, limit, "");
}

LLVMValueRef shift_expand(LLVMValueRef instruction)
{
	const char *name = intrinsic_of(instruction);

	if (starts_with(name, "llvm.fsh"))
		return expand_funnel(instruction, starts_with(name, "llvm.fshl."));
	if (*name)
		return expand_saturating(instruction, starts_with(name, "llvm.sshl."));
	return shift_any(LLVMGetInstructionOpcode(instruction), LLVMGetOperand(instruction, 0),
	    integer_cast(LLVMGetOperand(instruction, 1), WORD, false));
}

/* Whether LLVM has no way that is as good. */
static bool is_ours(LLVMValueRef instruction)
{
	const char *name = intrinsic_of(instruction);
	unsigned width = integer_width(LLVMTypeOf(instruction));

	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMShl:
	case LLVMLShr:
	case LLVMAShr:
		return true;
	default:
		return starts_with(name, "llvm.sshl.sat.") || starts_with(name, "llvm.ushl.sat.") ||
		       ((starts_with(name, "llvm.fshl.") || starts_with(name, "llvm.fshr.")) &&
			   (width & (width - 1)));
	}
}

bool shift_is_wide(LLVMValueRef instruction)
{
	unsigned width = integer_width(LLVMTypeOf(instruction));

	if (width <= WORD || integer_words(padded(width)) > MOST_WORDS || !is_ours(instruction))
		return false;
	unsigned last = *intrinsic_of(instruction) ? LLVMGetNumOperands(instruction) - 2 : 1;
	LLVMValueRef amount = LLVMGetOperand(instruction, last);
	return !LLVMIsConstant(amount) || LLVMIsAConstantExpr(amount);
}
