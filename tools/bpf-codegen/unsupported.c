#include "unsupported.h"
#include "assembly.h"
#include "demangle.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include "location.h"
#include "target.h"
#include "user.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Object.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What LLVM complains of. */
struct diagnostic {
	LLVMValueRef function;
	char *file; /* "" where there is no debug info */
	unsigned line, column;
	const char *text;
	LLVMValueRef callee;   /* NULL where it names none */
	LLVMValueRef variable; /* the largest one on the stack, where that is too small */
};

/* Takes `FILE:LINE:COLUMN` from the end of text; in front of it is what other is the last of. */
static void parse_location(struct diagnostic *diagnostic, char *text, const char *other)
{
	unsigned *const numbers[] = {&diagnostic->column, &diagnostic->line};
	char *colon, *start = *other ? strrchr(text, *other) : text;

	for (unsigned i = 0; i < 2 && (colon = strrchr(text, ':')); *colon = '\0', i++)
		*numbers[i] = strtoul(colon + 1, NULL, 10);
	diagnostic->file = start ? start + strspn(start, ", ") : text;
}

/* `FILE:LINE:COLUMN: in function NAME TYPE: TEXT`, the location where there is debug info. */
static bool parse_unsupported(LLVMModuleRef module, const char *text, struct diagnostic *diagnostic)
{
	static const char start[] = "in function ";
	const char *found = strstr(text, start), *name = found ? found + strlen(start) : NULL;
	const char *type = name ? strchr(name, ' ') : NULL;
	const char *end = type ? strstr(type, "): ") : NULL;

	if (!end)
		return false;
	char *function = xstrndup(name, type - name);
	diagnostic->function = LLVMGetNamedFunction(module, function);
	diagnostic->text = end + 3;
	char *where = xstrndup(text, found - text);
	where[strlen(where) >= 2 ? strlen(where) - 2 : 0] = '\0';
	parse_location(diagnostic, where, "");
	free(function);
	return diagnostic->function;
}

/* `Cannot select: 0x1b3c2ae0: i64,ch = NODE<...> ..., FILE:LINE:COLUMN @[ ... ]`, and the nodes
 * that this one is of, a line each; then `In function: NAME`. */
static bool parse_selection(LLVMModuleRef module, const char *text, struct diagnostic *diagnostic)
{
	static const char start[] = "In function: ";
	const char *found = strstr(text, start), *node = strstr(text, " = ");

	if (strncmp(text, "Cannot select: ", 15) || !found || !node)
		return false;
	char *name = xstrndup(found + strlen(start), strcspn(found + strlen(start), "\n"));
	diagnostic->function = LLVMGetNamedFunction(module, name);
	diagnostic->text =
	    xasprintf("Cannot select: %.*s", (int)strcspn(node + 3, "<: \n"), node + 3);
	char *line = xstrndup(text, strcspn(text, "\n")), *inlined = strstr(line, " @[");
	if (inlined)
		*inlined = '\0';
	parse_location(diagnostic, line, ",");
	free(name);
	return diagnostic->function;
}

/* `i64 = GlobalAddress<ptr @NAME> 0, f.c:5:3 too many arguments` */
static LLVMValueRef callee_in(LLVMModuleRef module, const char *text)
{
	const char *at = strstr(text, "GlobalAddress<ptr @"), *start = at ? at + 19 : NULL;
	char *name = start ? xstrndup(start, strcspn(start, ">")) : NULL;
	LLVMValueRef callee = name ? LLVMGetNamedFunction(module, name) : NULL;

	free(name);
	return callee;
}

/* --- What BPF cannot do --- */

#define FOR_EACH_INSTRUCTION(instruction, function) \
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; \
	    block = LLVMGetNextBasicBlock(block)) \
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction; \
		    instruction = LLVMGetNextInstruction(instruction))

enum act {
	LIBRARY_CALL,
	DIVISION,
	FLOAT,
	SIGNED_DIVISION,
	RETURN,
	CALL_RETURN,
	PARAMETERS,
	ARGUMENTS,
	BY_VALUE,
	VARIADIC,
	DYNAMIC_STACK,
	STACK,
	SMALL_ATOMIC,
	ATOMIC_32,
	ATOMIC_RESULT,
	ATOMIC_ORDER,
	ACQUIRE_RELEASE,
	OTHER_ATOMIC,
	FENCE,
	RETURN_ADDRESS,
	OTHER,
};

/* By which words of LLVM's it is known (NULL: by others, see act_of), what the user does, what of
 * it BPF does not allow, and what else to do. cpu: the first that can do it; NULL where none can.
 */
static const struct {
	const char *words, *does, *limit, *instead, *cpu;
} acts[] = {
    [LIBRARY_CALL] = {NULL, "calls a run-time library function", NULL, "rewrite it without"},
    [DIVISION] = {NULL, "divides 128-bit integers", NULL, "divide 64-bit integers"},
    [FLOAT] = {NULL, "uses floating point", NULL, "use integers"},
    [SIGNED_DIVISION] = {"unsupported signed division", "uses signed division", NULL,
	"divide unsigned integers", "v4"},
    [RETURN] = {"aggregate returns are not supported", "returns", "and BPF returns at most 8 bytes",
	"have the caller pass a pointer to the result, or have the function inlined"},
    [CALL_RETURN] = {NULL, "calls a function that returns", "and BPF returns at most 8 bytes",
	"pass a pointer to the result"},
    [PARAMETERS] = {"stack arguments are not supported", "takes", "and BPF passes at most 5",
	"pass a pointer to a struct, or have the function inlined"},
    [ARGUMENTS] = {"too many arguments", "passes", "and BPF passes at most 5",
	"pass a pointer to a struct"},
    [BY_VALUE] = {"pass by value not supported", "passes a struct by value", NULL,
	"pass a pointer to it"},
    [VARIADIC] = {"variadic functions are not supported", "takes a variable number of arguments",
	NULL, "pass an array and its length"},
    [DYNAMIC_STACK] = {"unsupported dynamic stack allocation",
	"has a variable whose size is not constant", NULL, "give it a constant size"},
    [STACK] = {"Looks like the BPF stack limit is exceeded", "uses too much stack",
	"and kernels allow 512 bytes",
	"make local variables smaller, or keep them in a map, such as a per-CPU array"},
    [SMALL_ATOMIC] = {"unsupported atomic operation, please use 32/64 bit version",
	"uses an atomic operation of 8 or 16 bits", NULL, "use 32 or 64 bits"},
    [ATOMIC_32] = {"unsupported atomic operation, please use 64 bit version",
	"uses an atomic operation of 32 bits", NULL, "use 64 bits", "v3"},
    [ATOMIC_RESULT] = {"Invalid usage of the XADD return value",
	"uses the result of an atomic operation", NULL, "do without the result", "v3"},
    [ATOMIC_ORDER] = {"sequentially consistent (seq_cst) atomic load/store is not supported",
	"uses a sequentially consistent atomic load or store", NULL,
	"order it as acquire, release or relaxed"},
    [ACQUIRE_RELEASE] = {NULL, "uses an atomic load or store of acquire or release order", NULL,
	"order it as relaxed", "v4"},
    [OTHER_ATOMIC] = {"Cannot select: Atomic", "uses an atomic operation", NULL,
	"make a loop of compare and exchange"},
    [FENCE] = {"Runtime fence is not supported", "uses a memory fence", NULL,
	"order the atomic operations beside it"},
    [RETURN_ADDRESS] = {"unimplemented opcode: ",
	"asks for the address that it returns to, or "
	"for its frame",
	NULL, "use a helper such as bpf_get_func_ip or bpf_get_stack"},
    [OTHER] = {"Cannot select: ", "needs an instruction", NULL, "rewrite it without"},
};

static bool is_float(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMHalfTypeKind:
	case LLVMBFloatTypeKind:
	case LLVMFloatTypeKind:
	case LLVMDoubleTypeKind:
	case LLVMFP128TypeKind:
	case LLVMX86_FP80TypeKind:
		return true;
	case LLVMVectorTypeKind:
		return is_float(LLVMGetElementType(type));
	default:
		return false;
	}
}

static bool computes_with_floats(LLVMValueRef instruction)
{
	if (LLVMIsALoadInst(instruction) || LLVMIsAStoreInst(instruction) ||
	    LLVMIsAPHINode(instruction) || LLVMIsASelectInst(instruction) ||
	    LLVMIsABitCastInst(instruction))
		return false;
	return is_float(LLVMTypeOf(instruction)) ||
	       (LLVMGetNumOperands(instruction) &&
		   is_float(LLVMTypeOf(LLVMGetOperand(instruction, 0))));
}

static bool is_call_of(LLVMValueRef call, const char *start)
{
	LLVMValueRef callee = LLVMGetCalledValue(call);

	return LLVMIsAFunction(callee) && !strncmp(value_name(callee), start, strlen(start));
}

static unsigned width_of(LLVMValueRef value)
{
	LLVMTypeRef type = LLVMTypeOf(value);

	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
		type = LLVMGetElementType(type);
	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
}

static unsigned bytes_of(LLVMValueRef function, LLVMTypeRef type)
{
	return LLVMGetTypeKind(type) == LLVMVoidTypeKind
		   ? 0
		   : LLVMStoreSizeOfType(
			 LLVMGetModuleDataLayout(LLVMGetGlobalParent(function)), type);
}

/* Of a function, or of what a call calls. */
static LLVMTypeRef function_type(LLVMValueRef value)
{
	return LLVMIsACallInst(value) ? LLVMGetCalledFunctionType(value)
				      : LLVMGlobalGetValueType(value);
}

/* In how many registers of 8 bytes the arguments are, of which there are *count. */
static unsigned registers_of(LLVMValueRef function, LLVMTypeRef type, unsigned *count)
{
	*count = LLVMCountParamTypes(type);
	LLVMTypeRef *types = xcalloc(*count + 1, sizeof *types);
	unsigned registers = 0;

	LLVMGetParamTypes(type, types);
	for (unsigned i = 0; i < *count; i++)
		registers += (bytes_of(function, types[i]) + 7) / 8;
	free(types);
	return registers;
}

static bool returns_too_much(LLVMValueRef function, LLVMTypeRef type)
{
	return bytes_of(function, LLVMGetReturnType(type)) > 8;
}

static unsigned bytes_of_variable(LLVMValueRef alloca)
{
	LLVMValueRef count = LLVMGetOperand(alloca, 0);

	return LLVMIsAConstantInt(count)
		   ? bytes_of(user_function_of(alloca), LLVMGetAllocatedType(alloca)) *
			 LLVMConstIntGetZExtValue(count)
		   : 0;
}

/* The largest variable on the stack; NULL where there is none. */
static LLVMValueRef largest_variable(LLVMValueRef function)
{
	LLVMValueRef largest = NULL;

	FOR_EACH_INSTRUCTION (instruction, function)
		if (LLVMIsAAllocaInst(instruction) &&
		    (!largest || bytes_of_variable(instruction) > bytes_of_variable(largest)))
			largest = instruction;
	return largest;
}

/* Whether the instruction has an address in the variable as an operand. */
static bool uses_variable(LLVMValueRef instruction, LLVMValueRef variable)
{
	for (int i = 0; variable && i < LLVMGetNumOperands(instruction); i++) {
		LLVMValueRef operand = LLVMGetOperand(instruction, i);
		while (operand && LLVMIsAGetElementPtrInst(operand))
			operand = LLVMGetOperand(operand, 0);
		if (operand == variable)
			return true;
	}
	return false;
}

/* Whether code generation may have made such a complaint of the instruction, which is in the
 * function. */
static bool may_do(LLVMValueRef instruction, enum act act, const struct diagnostic *diagnostic)
{
	LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
	bool divides = opcode == LLVMUDiv || opcode == LLVMURem, calls = opcode == LLVMCall;
	bool divides_signed = opcode == LLVMSDiv || opcode == LLVMSRem;
	bool is_wide = width_of(instruction) > 64;

	switch (act) {
	case LIBRARY_CALL:
		return calls;
	case DIVISION:
		return (divides || divides_signed) && is_wide;
	case SIGNED_DIVISION:
		return divides_signed && !is_wide;
	case FLOAT:
		return !divides && !divides_signed && computes_with_floats(instruction);
	case CALL_RETURN:
		return calls && returns_too_much(diagnostic->function, function_type(instruction));
	case ARGUMENTS:
	case BY_VALUE:
		return calls && (!diagnostic->callee ||
				    LLVMGetCalledValue(instruction) == diagnostic->callee);
	case DYNAMIC_STACK:
		return opcode == LLVMAlloca && !LLVMIsConstant(LLVMGetOperand(instruction, 0));
	case STACK:
		return uses_variable(instruction, diagnostic->variable) &&
		       LLVMInstructionGetDebugLoc(instruction);
	case ATOMIC_ORDER:
	case ACQUIRE_RELEASE:
		return (opcode == LLVMLoad || opcode == LLVMStore) &&
		       LLVMGetOrdering(instruction) > LLVMAtomicOrderingMonotonic;
	case SMALL_ATOMIC:
	case ATOMIC_32:
	case ATOMIC_RESULT:
	case OTHER_ATOMIC:
		return opcode == LLVMAtomicRMW || opcode == LLVMAtomicCmpXchg;
	case FENCE:
		return opcode == LLVMFence && !LLVMIsAtomicSingleThread(instruction);
	case RETURN_ADDRESS:
		return calls && (is_call_of(instruction, "llvm.returnaddress") ||
				    is_call_of(instruction, "llvm.frameaddress"));
	default:
		return false;
	}
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

/* LLVM's names of its run-time library, lib/CodeGen/README of compiler-rt:
 * https://github.com/llvm/llvm-project/tree/main/compiler-rt/lib/builtins */
static enum act act_of_call(const char *name)
{
	static const char *const floats[] = {"hf", "bf", "sf", "df", "xf", "tf"};

	if (ends_with(name, "divti3") || ends_with(name, "modti3") || ends_with(name, "modti4"))
		return DIVISION;
	for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
		if (!strncmp(name, "__", 2) && strstr(name, floats[i]))
			return FLOAT;
	return LIBRARY_CALL;
}

/* The function that is called; NULL where the complaint is another. For the caller to free. */
static char *called_in(const char *text)
{
	static const char start[] = "A call to built-in function '";

	if (strncmp(text, start, strlen(start)))
		return NULL;
	return xstrndup(text + strlen(start), strcspn(text + strlen(start), "'"));
}

static bool is_at(LLVMMetadataRef location, const struct diagnostic *diagnostic)
{
	return location && LLVMDILocationGetLine(location) == diagnostic->line &&
	       LLVMDILocationGetColumn(location) == diagnostic->column &&
	       !strcmp(location_file(LLVMDILocationGetScope(location)), diagnostic->file);
}

/* The instruction that the diagnostic is about; NULL where none is known. */
static LLVMValueRef find_instruction(const struct diagnostic *diagnostic, enum act act)
{
	LLVMValueRef found = NULL;
	unsigned best = 0;

	FOR_EACH_INSTRUCTION (instruction, diagnostic->function) {
		LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
		unsigned fit =
		    2 * is_at(location, diagnostic) + may_do(instruction, act, diagnostic);
		if (fit > best) {
			best = fit;
			found = instruction;
		}
	}
	return found;
}

/* --- The error --- */

/* Whether the words are of the result of a call: LLVM has the same for that of a function. */
static enum act act_of_return(const struct diagnostic *diagnostic)
{
	LLVMValueRef function = diagnostic->function;

	return returns_too_much(function, function_type(function)) ? RETURN : CALL_RETURN;
}

static enum act act_of(const struct diagnostic *diagnostic, const char *called)
{
	if (!strncmp(diagnostic->text, "only small returns supported", 28))
		return act_of_return(diagnostic);
	if (!strcmp(diagnostic->text, "Cannot select: AtomicLoad") ||
	    !strcmp(diagnostic->text, "Cannot select: AtomicStore"))
		return ACQUIRE_RELEASE;
	if (!called) {
		enum act act = 0;
		while (
		    act < OTHER && !(acts[act].words && strstr(diagnostic->text, acts[act].words)))
			act++;
		return act;
	}
	enum act act = act_of_call(called);
	if (act != LIBRARY_CALL)
		return act;
	/* fmax, sqrt and the like */
	FOR_EACH_INSTRUCTION (instruction, diagnostic->function)
		if (computes_with_floats(instruction) &&
		    (!diagnostic->line ||
			is_at(LLVMInstructionGetDebugLoc(instruction), diagnostic)))
			act = FLOAT;
	return act;
}

/* What one operation needs, LLVM may complain of several times, of its parts; and of the result of
 * a call that there cannot be; and of a call of a function, when it has the same to say of that. */
static bool is_said(const struct diagnostic *diagnostic, enum act act)
{
	static struct map said = {.kind = MAP_OF_STRINGS};
	const char *name = value_name(diagnostic->function);
	bool is_library = act <= FLOAT;
	char *key = xasprintf("%s %s", name, is_library ? "" : diagnostic->text);
	char *of_library = xasprintf("%s ", name);
	bool result =
	    map_find(&said, key) || (act == CALL_RETURN && map_find(&said, of_library)) ||
	    (act == ARGUMENTS && diagnostic->callee && !LLVMIsDeclaration(diagnostic->callee));

	free(of_library);
	map_add(&said, key);
	return result;
}

static unsigned bytes_returned(LLVMValueRef function)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("sret", 4);

	for (unsigned i = 1; i <= 2; i++) {
		LLVMAttributeRef sret = LLVMCountParams(function) >= i
					    ? LLVMGetEnumAttributeAtIndex(function, i, kind)
					    : NULL;
		if (sret)
			return bytes_of(function, LLVMGetTypeAttributeValue(sret));
	}
	return bytes_of(function, LLVMGetReturnType(function_type(function)));
}

/* ` 6 arguments`, or, where some are large, in how many registers they are */
static char *count_arguments(LLVMValueRef function, LLVMTypeRef type)
{
	unsigned count, registers = registers_of(function, type, &count);

	return count == registers ? xasprintf(" %u arguments", count)
				  : xasprintf(" %u arguments, in %u registers,", count, registers);
}

/* What the user does, with the numbers and names that tell more. */
static char *describe_act(
    const struct diagnostic *diagnostic, enum act act, LLVMValueRef instruction)
{
	LLVMValueRef function = diagnostic->function, callee = diagnostic->callee;
	const char *to = callee ? " to '" : "", *node = strstr(diagnostic->text, "select: ");
	char *callee_name = callee ? demangle_or_copy(value_name(callee)) : xstrdup("");

	switch (act) {
	case RETURN:
		return xasprintf("%s %u bytes", acts[act].does, bytes_returned(function));
	case CALL_RETURN:
		return xasprintf("%s %u bytes", acts[act].does,
		    instruction ? bytes_of(function, LLVMGetReturnType(function_type(instruction)))
				: 16);
	case PARAMETERS:
		return xasprintf(
		    "%s%s", acts[act].does, count_arguments(function, function_type(function)));
	case ARGUMENTS:
		return xasprintf("%s%s%s%s%s", acts[act].does,
		    instruction && LLVMIsACallInst(instruction)
			? count_arguments(function, function_type(instruction))
			: " too many arguments",
		    to, callee_name, callee ? "'" : "");
	case BY_VALUE:
		return xasprintf("%s%s%s%s", acts[act].does, to, callee_name, callee ? "'" : "");
	case STACK:
		return diagnostic->variable
			   ? xasprintf("%s, %u bytes of it for one variable", acts[act].does,
				 bytes_of_variable(diagnostic->variable))
			   : xstrdup(acts[act].does);
	case OTHER_ATOMIC:
	case OTHER:
		return xasprintf("%s (%s)", acts[act].does, node ? node + 8 : "");
	default:
		return xstrdup(acts[act].does);
	}
}

/* What BPF does not allow of it, and what to do instead. */
static char *describe_way_out(LLVMValueRef function, enum act act, const char *cpu)
{
	const char *newest = acts[act].cpu, *own = origin_cpu(function);

	if (!newest || cpu_age(cpu) >= cpu_age(newest))
		return xasprintf("%s; %s",
		    acts[act].limit ? acts[act].limit : "which BPF does not support",
		    acts[act].instead);
	if (own && cpu_age(own) >= cpu_age(newest))
		return xasprintf("which CPU %s does not support; the function was compiled for %s, "
				 "which --cpu=%s chooses",
		    cpu, own, own);
	return xasprintf("which CPU %s does not support; %s, or link with --cpu=%s", cpu,
	    acts[act].instead, newest);
}

static const char *hint_of_line(bool has_line)
{
	return has_line ? "" : location_hint();
}

static char *describe_fault(struct diagnostic *diagnostic, const char *cpu)
{
	char *called = called_in(diagnostic->text);
	enum act act = act_of(diagnostic, called);
	bool is_known = act != OTHER || !strncmp(diagnostic->text, acts[OTHER].words, 15), has_line;

	if (is_said(diagnostic, act))
		return xstrdup("");
	if (act == STACK)
		diagnostic->variable = largest_variable(diagnostic->function);
	LLVMValueRef instruction = find_instruction(diagnostic, act);
	char *user = user_describe(diagnostic->function, instruction, &has_line);
	if (!is_known)
		return xasprintf("%.*s: %.*s%s", (int)strlen(user) - ends_with(user, ","), user,
		    (int)strcspn(diagnostic->text, "\n"), diagnostic->text, hint_of_line(has_line));
	return xasprintf("%s %s%s%s%s, %s%s", user, describe_act(diagnostic, act, instruction),
	    called ? " (" : "", called ? called : "", called ? ")" : "",
	    describe_way_out(diagnostic->function, act, cpu), hint_of_line(has_line));
}

/* What dies without a word on the function: the first that does such a thing. */
static bool find_function(LLVMModuleRef module, const char *text, struct diagnostic *diagnostic)
{
	enum act act = strstr(text, acts[FENCE].words)            ? FENCE
		       : strstr(text, acts[RETURN_ADDRESS].words) ? RETURN_ADDRESS
								  : OTHER;

	*diagnostic = (struct diagnostic){.file = xstrdup(""), .text = text};
	for (LLVMValueRef function = LLVMGetFirstFunction(module); function && act != OTHER;
	    function = LLVMGetNextFunction(function)) {
		diagnostic->function = function;
		if (find_instruction(diagnostic, act))
			return true;
	}
	return false;
}

char *unsupported_reword(LLVMModuleRef module, const char *text, const char *cpu)
{
	struct diagnostic diagnostic = {NULL};

	metadata_context = LLVMGetModuleContext(module);
	if (!parse_unsupported(module, text, &diagnostic) &&
	    !parse_selection(module, text, &diagnostic) &&
	    !find_function(module, text, &diagnostic))
		return assembly_reword(module, text);
	diagnostic.callee = callee_in(module, diagnostic.text);
	return describe_fault(&diagnostic, cpu);
}

/* The symbol of the source file is like one, too. */
static bool is_undefined(LLVMBinaryRef object, LLVMSymbolIteratorRef symbol)
{
	LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(object);

	LLVMMoveToContainingSection(section, symbol);
	bool result =
	    LLVMObjectFileIsSectionIteratorAtEnd(object, section) && !LLVMGetSymbolAddress(symbol);
	LLVMDisposeSectionIterator(section);
	return result;
}

void unsupported_check_calls(LLVMModuleRef module, LLVMMemoryBufferRef object)
{
	char *reason, *names = xasprintf("%s", "");
	size_t length;
	const char *source = LLVMGetSourceFileName(module, &length);
	LLVMBinaryRef binary = LLVMCreateBinary(object, LLVMGetModuleContext(module), &reason);
	LLVMSymbolIteratorRef symbol = binary ? LLVMObjectFileCopySymbolIterator(binary) : NULL;

	for (; symbol && !LLVMObjectFileIsSymbolIteratorAtEnd(binary, symbol);
	    LLVMMoveToNextSymbol(symbol)) {
		const char *name = LLVMGetSymbolName(symbol);
		if (!name || !*name || !strcmp(name, source) || !is_undefined(binary, symbol) ||
		    LLVMGetNamedFunction(module, name) || LLVMGetNamedGlobal(module, name))
			continue;
		names = xasprintf("%s%s'%s'", names, *names ? ", " : "", name);
	}
	if (*names)
		fail("%s: code generation calls %s of a run-time library, and BPF has none; define "
		     "these functions in an input, and --export them",
		    message_subject, names);
}
