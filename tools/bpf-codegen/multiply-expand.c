#include "multiply-expand.h"
#include "integers.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <stdbool.h>
#include <string.h>

/* BPF multiplies words, and gives the low word of the product. */

static LLVMValueRef add(LLVMValueRef a, LLVMValueRef b)
{
	return a ? LLVMBuildAdd(integer_builder, a, b, "") : b;
}

static LLVMValueRef is_not_zero(LLVMValueRef value)
{
	return LLVMBuildICmp(
	    integer_builder, LLVMIntNE, value, integer_constant(LLVMTypeOf(value), 0), "");
}

/* The negative of the value where the sign says so. */
static LLVMValueRef with_sign(LLVMValueRef value, LLVMValueRef sign)
{
	return LLVMBuildSub(
	    integer_builder, LLVMBuildXor(integer_builder, value, sign, ""), sign, "");
}

/* --- Products --- */

static LLVMValueRef high_word(LLVMValueRef a, LLVMValueRef b)
{
	LLVMValueRef mask = integer_largest(LLVMTypeOf(a), WORD / 2);
	LLVMValueRef a_low = LLVMBuildAnd(integer_builder, a, mask, "");
	LLVMValueRef b_low = LLVMBuildAnd(integer_builder, b, mask, "");
	LLVMValueRef a_high = integer_shift_right(a, WORD / 2),
		     b_high = integer_shift_right(b, WORD / 2);
	LLVMValueRef low = LLVMBuildMul(integer_builder, a_low, b_low, "");
	LLVMValueRef middle = add(
	    LLVMBuildMul(integer_builder, a_high, b_low, ""), integer_shift_right(low, WORD / 2));
	LLVMValueRef other = add(LLVMBuildMul(integer_builder, a_low, b_high, ""),
	    LLVMBuildAnd(integer_builder, middle, mask, ""));

	return add(add(LLVMBuildMul(integer_builder, a_high, b_high, ""),
		       integer_shift_right(middle, WORD / 2)),
	    integer_shift_right(other, WORD / 2));
}

/* A number in words, the lowest first. */
struct words {
	LLVMValueRef items[MOST_WORDS];
	unsigned count;
	bool has_sign; /* all but the first are its sign */
};

static struct words words_of(LLVMValueRef value, unsigned count)
{
	struct words words = {.count = count};
	bool is_signed = LLVMIsASExtInst(value);
	LLVMValueRef narrow =
	    is_signed || LLVMIsAZExtInst(value) ? LLVMGetOperand(value, 0) : value;

	if (integer_width(LLVMTypeOf(narrow)) <= WORD) {
		words.has_sign = is_signed;
		words.items[0] = integer_cast(narrow, WORD, is_signed);
		for (unsigned i = 1; i < count; i++)
			words.items[i] = is_signed
					     ? integer_sign(words.items[0])
					     : integer_constant(LLVMTypeOf(words.items[0]), 0);
		return words;
	}
	value = integer_cast(value, count * WORD, false);
	for (unsigned i = 0; i < count; i++)
		words.items[i] = integer_cast(integer_shift_right(value, i * WORD), WORD, false);
	return words;
}

static LLVMValueRef shift_word(LLVMValueRef word, unsigned position, unsigned count)
{
	return integer_shift_left(integer_cast(word, count * WORD, false), position * WORD);
}

static LLVMValueRef low_word(const struct words *a, unsigned i, const struct words *b, unsigned j)
{
	LLVMValueRef x = a->items[i], y = b->items[j];

	if ((i && a->has_sign) || (j && b->has_sign))
		return LLVMBuildNeg(integer_builder, LLVMBuildAnd(integer_builder, x, y, ""), "");
	return LLVMBuildMul(integer_builder, x, y, "");
}

static bool is_zero(LLVMValueRef value)
{
	return LLVMIsConstant(value) && LLVMIsNull(value);
}

/* The product, cut off after as many words as each has. Nothing carries out of the last. */
static LLVMValueRef multiply(const struct words *a, const struct words *b)
{
	unsigned count = a->count, last = count - 1;
	LLVMValueRef result = NULL, top = integer_constant(LLVMTypeOf(a->items[0]), 0), word;

	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; i + j < count; j++) {
			if (is_zero(a->items[i]) || is_zero(b->items[j]))
				continue;
			word = low_word(a, i, b, j);
			if (i + j == last) {
				top = add(top, word);
				continue;
			}
			result = add(result, shift_word(word, i + j, count));
			word = high_word(a->items[i], b->items[j]);
			if (i + j + 1 == last)
				top = add(top, word);
			else
				result = add(result, shift_word(word, i + j + 1, count));
		}
	return add(result, shift_word(top, last, count));
}

/* Of numbers of the same width, cut off at that. */
static LLVMValueRef product_of(LLVMValueRef a, LLVMValueRef b)
{
	unsigned width = integer_width(LLVMTypeOf(a));
	struct words x = words_of(a, integer_words(width)), y = words_of(b, integer_words(width));

	return integer_cast(multiply(&x, &y), width, false);
}

/* --- Overflow --- */

struct product {
	LLVMValueRef value, overflows;
};

/* A quotient takes fewer instructions than the high word of the product. */
static LLVMValueRef exceeds(LLVMValueRef a, LLVMValueRef b, LLVMValueRef limit)
{
	LLVMValueRef one = integer_constant(LLVMTypeOf(b), 1);
	LLVMValueRef divisor = LLVMBuildSelect(integer_builder, is_not_zero(b), b, one, "");

	return LLVMBuildICmp(
	    integer_builder, LLVMIntUGT, a, LLVMBuildUDiv(integer_builder, limit, divisor, ""), "");
}

static struct product multiply_words(LLVMValueRef a, LLVMValueRef b, LLVMValueRef limit)
{
	return (struct product){LLVMBuildMul(integer_builder, a, b, ""), exceeds(a, b, limit)};
}

/* Two words each. Where both have a high one it overflows; else one product of such a one with the
 * other's low word counts. */
static struct product multiply_pairs(LLVMValueRef a, LLVMValueRef b, LLVMValueRef limit)
{
	struct words x = words_of(a, 2), y = words_of(b, 2);
	LLVMTypeRef type = LLVMTypeOf(x.items[0]);
	LLVMValueRef x_is_long = is_not_zero(x.items[1]), y_is_long = is_not_zero(y.items[1]);
	LLVMValueRef both = LLVMBuildAnd(integer_builder, x_is_long, y_is_long, "");
	LLVMValueRef one = LLVMBuildOr(integer_builder, x.items[1], y.items[1], "");
	LLVMValueRef other =
	    LLVMBuildSelect(integer_builder, x_is_long, y.items[0], x.items[0], "");
	LLVMValueRef too_long = exceeds(one, other, integer_largest(type, WORD));
	LLVMValueRef value = multiply(&x, &y);
	LLVMValueRef high = integer_cast(integer_shift_right(value, WORD), WORD, false);
	LLVMValueRef carries = LLVMBuildICmp(
	    integer_builder, LLVMIntULT, high, LLVMBuildMul(integer_builder, one, other, ""), "");
	LLVMValueRef overflows = LLVMBuildOr(
	    integer_builder, both, LLVMBuildOr(integer_builder, too_long, carries, ""), "");

	return (struct product){
	    value, LLVMBuildOr(integer_builder, overflows,
		       LLVMBuildICmp(integer_builder, LLVMIntUGT, value, limit, ""), "")};
}

/* In twice the width. */
static struct product multiply_wide(LLVMValueRef a, LLVMValueRef b, bool is_signed)
{
	unsigned width = integer_width(LLVMTypeOf(a)), count = integer_words(2 * width);
	struct words x = words_of(integer_cast(a, count * WORD, is_signed), count);
	struct words y = words_of(integer_cast(b, count * WORD, is_signed), count);
	LLVMValueRef full = multiply(&x, &y), value = integer_cast(full, width, false);

	return (struct product){value, LLVMBuildICmp(integer_builder, LLVMIntNE, full,
					   integer_cast(value, count * WORD, is_signed), "")};
}

static struct product checked_product(LLVMValueRef a, LLVMValueRef b, bool is_signed)
{
	unsigned width = integer_width(LLVMTypeOf(a)), count = integer_words(width);
	struct product product;
	LLVMValueRef sign = NULL, limit;

	if (count > 2)
		return multiply_wide(a, b, is_signed);
	a = integer_cast(a, count * WORD, is_signed);
	b = integer_cast(b, count * WORD, is_signed);
	limit = integer_largest(LLVMTypeOf(a), is_signed ? width - 1 : width);
	if (is_signed) {
		LLVMValueRef a_sign = integer_sign(a), b_sign = integer_sign(b);
		a = with_sign(a, a_sign);
		b = with_sign(b, b_sign);
		sign = LLVMBuildXor(integer_builder, a_sign, b_sign, "");
		limit = LLVMBuildSub(integer_builder, limit, sign, "");
	}
	product = count == 1 ? multiply_words(a, b, limit) : multiply_pairs(a, b, limit);
	if (is_signed)
		product.value = with_sign(product.value, sign);
	product.value = integer_cast(product.value, width, false);
	return product;
}

/* --- What is expanded --- */

static bool starts_with(LLVMValueRef function, const char *prefix)
{
	return !strncmp(value_name(function), prefix, strlen(prefix));
}

/* https://llvm.org/docs/LangRef.html#arithmetic-with-overflow-intrinsics */
static LLVMValueRef expand_checked(LLVMValueRef call, bool is_signed)
{
	struct product product =
	    checked_product(LLVMGetOperand(call, 0), LLVMGetOperand(call, 1), is_signed);
	LLVMValueRef both = LLVMGetUndef(LLVMTypeOf(call));

	both = LLVMBuildInsertValue(integer_builder, both, product.value, 0, "");
	return LLVMBuildInsertValue(integer_builder, both, product.overflows, 1, "");
}

static LLVMValueRef clamp(LLVMValueRef value, LLVMIntPredicate beyond, LLVMValueRef limit)
{
	return LLVMBuildSelect(integer_builder,
	    LLVMBuildICmp(integer_builder, beyond, value, limit, ""), limit, value, "");
}

/* https://llvm.org/docs/LangRef.html#fixed-point-arithmetic-intrinsics */
static LLVMValueRef expand_fixed(LLVMValueRef call, bool is_signed)
{
	unsigned width = integer_width(LLVMTypeOf(call));
	LLVMTypeRef type = integer_with_width(LLVMTypeOf(call), 2 * width);
	LLVMValueRef a = integer_cast(LLVMGetOperand(call, 0), 2 * width, is_signed);
	LLVMValueRef b = integer_cast(LLVMGetOperand(call, 1), 2 * width, is_signed);
	LLVMValueRef value = product_of(a, b);
	LLVMValueRef scale =
	    integer_constant(type, LLVMConstIntGetZExtValue(LLVMGetOperand(call, 2)));
	LLVMValueRef limit = integer_largest(type, is_signed ? width - 1 : width);

	value = is_signed ? LLVMBuildAShr(integer_builder, value, scale, "")
			  : LLVMBuildLShr(integer_builder, value, scale, "");
	if (strstr(value_name(LLVMGetCalledValue(call)), ".sat."))
		value = clamp(value, is_signed ? LLVMIntSGT : LLVMIntUGT, limit);
	if (strstr(value_name(LLVMGetCalledValue(call)), ".sat.") && is_signed)
		value = clamp(value, LLVMIntSLT, LLVMBuildNot(integer_builder, limit, ""));
	return integer_cast(value, width, false);
}

LLVMValueRef multiply_expand(LLVMValueRef instruction)
{
	LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;

	if (!callee)
		return product_of(LLVMGetOperand(instruction, 0), LLVMGetOperand(instruction, 1));
	if (starts_with(callee, "llvm.umul.with.overflow.") ||
	    starts_with(callee, "llvm.smul.with.overflow."))
		return expand_checked(instruction, value_name(callee)[5] == 's');
	return expand_fixed(instruction, value_name(callee)[5] == 's');
}

/* Whether LLVM needs more than a word for it, and a limit is not reached that none will. */
static bool is_wide(LLVMValueRef operand, unsigned most_alone)
{
	unsigned width = integer_width(LLVMTypeOf(operand));

	return width > most_alone && integer_words(2 * width) <= MOST_WORDS;
}

static bool is_multiplication(LLVMValueRef function)
{
	return starts_with(function, "llvm.umul.") || starts_with(function, "llvm.smul.");
}

bool multiply_is_wide(LLVMValueRef instruction)
{
	if (LLVMGetInstructionOpcode(instruction) == LLVMMul)
		return is_wide(instruction, WORD);
	LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
	return callee && is_multiplication(callee) &&
	       is_wide(LLVMGetOperand(instruction, 0), WORD / 2);
}
