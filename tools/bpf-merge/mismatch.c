/* Symbols that a module declares or calls otherwise than they are defined. */
#include "declaration.h"
#include "exports.h"
#include "linker.h"
#include "memory.h"
#include "message.h"
#include "module.h"
#include <llvm-c/Core.h>
#include <string.h>

static const char *line_of(LLVMValueRef described)
{
	char *line = described ? declaration_line(described) : NULL;

	return line ? xasprintf(" (%s)", line) : "";
}

/* In C's syntax, and where these are alike, as two compilers may take one prototype, in LLVM's too.
 */
struct mismatch {
	char *declared, *defined;
	bool only_in_ir;
};

static struct mismatch describe_mismatch(LLVMValueRef reference, LLVMValueRef call,
    LLVMValueRef described, LLVMValueRef definition, LLVMValueRef described_definition)
{
	struct mismatch mismatch = {declaration_in_c(reference, call, described),
	    declaration_in_c(definition, NULL, described_definition), false};

	if (strcmp(mismatch.declared, mismatch.defined))
		return mismatch;
	mismatch.only_in_ir = true;
	mismatch.declared =
	    xasprintf("%s: %s", mismatch.declared, declaration_in_ir(reference, call));
	mismatch.defined =
	    xasprintf("%s: %s", mismatch.defined, declaration_in_ir(definition, NULL));
	return mismatch;
}

static void report_mismatch(
    const struct symbol *symbol, struct use use, LLVMValueRef call, struct definition other)
{
	LLVMValueRef described = find_with_debug_info(use.module, use.reference);
	LLVMValueRef described_other = find_with_debug_info(other.module, other.value);

	if (declaration_is_of_nothing(use.reference, described))
		return;
	bool is_cast =
	    call && LLVMGetCalledFunctionType(call) != LLVMGlobalGetValueType(use.reference);

	if (call)
		use.user = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
	struct mismatch mismatch =
	    describe_mismatch(use.reference, call, described, other.value, described_other);
	message(LEVEL_WARN, "%s: %s '%s' is %s as '%s'%s%s, but %s %s '%s'%s; %s",
	    input_name(use.module), kind_name(use.reference), symbol->name,
	    is_cast ? "called" : "declared", mismatch.declared, is_cast ? "" : line_of(described),
	    describe_user(&use), input_name(other.module),
	    symbol->definition ? "defines" : "declares", mismatch.defined, line_of(described_other),
	    mismatch.only_in_ir  ? "compile both with one compiler"
	    : symbol->definition ? "declare it as it is defined"
				 : "declare it alike in both");
}

/* Of the kernel's configuration; to other declarations of what no input defines, the kernel alone
 * knows what fits. */
static bool is_kconfig(LLVMValueRef declaration)
{
	const char *section =
	    LLVMIsAGlobalVariable(declaration) ? LLVMGetSection(declaration) : NULL;

	return section && !strcmp(section, ".kconfig");
}

static void check_use(const struct symbol *symbol, struct use use)
{
	LLVMValueRef call;

	/* compilers know memcpy and its like by themselves */
	struct definition other = {symbol->module, symbol->definition};
	if (!other.value && symbol->use && symbol->use->reference && is_kconfig(use.reference))
		other = (struct definition){symbol->use->module, symbol->use->reference};
	if (other.value && !is_memory_builtin(symbol->name) &&
	    !declaration_fits(use.reference, other.value, &call))
		report_mismatch(symbol, use, call, other);
}

void report_mismatches(struct linker *linker)
{
	for (size_t i = 0; i < linker->uses.count; i++) {
		struct use use = linker->uses.items[i];
		check_use(symbol_of(linker, value_name(use.reference)), use);
	}
	/* modules that were linked before have calls by another type beside the definition */
	for (size_t i = 0; i < linker->bodies.count; i++) {
		struct definition body = linker->bodies.items[i];
		if (is_local(body.value))
			continue;
		const struct symbol *symbol = symbol_of(linker, value_name(body.value));
		if (symbol->definition == body.value)
			check_use(symbol, (struct use){body.module, NULL, body.value});
	}
}
