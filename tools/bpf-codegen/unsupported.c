#include "unsupported.h"
#include "demangle.h"
#include "input.h"
#include "kind.h"
#include "map.h"
#include "memory.h"
#include "message.h"
#include "metadata.h"
#include "module.h"
#include "origin.h"
#include "location.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `FILE:LINE:COLUMN: in function NAME TYPE: TEXT`, the location where there is debug info. */
struct diagnostic {
	LLVMValueRef function;
	char *file;
	unsigned line, column;
	const char *text;
};

static bool parse(LLVMModuleRef module, const char *text, struct diagnostic *diagnostic)
{
	static const char start[] = "in function ";
	const char *found = strstr(text, start), *name = found ? found + strlen(start) : NULL;
	const char *type = name ? strchr(name, ' ') : NULL;
	const char *end = type ? strstr(type, "): ") : NULL;

	if (!end)
		return false;
	char *function = xstrndup(name, type - name), *file = xstrndup(text, found - text), *colon;
	*diagnostic = (struct diagnostic){
	    .function = LLVMGetNamedFunction(module, function), .file = file, .text = end + 3};
	unsigned *const numbers[] = {NULL, &diagnostic->column, &diagnostic->line};
	for (unsigned i = 0; i < 3 && (colon = strrchr(file, ':')); *colon = '\0', i++)
		if (numbers[i])
			*numbers[i] = strtoul(colon + 1, NULL, 10);
	free(function);
	return diagnostic->function;
}

/* --- What BPF cannot do --- */

enum act { LIBRARY_CALL, DIVISION, FLOAT, SIGNED_DIVISION };

/* What the user does, and what else to do. */
static const struct {
	const char *does, *instead;
} acts[] = {
    [LIBRARY_CALL] = {"calls a run-time library function", "rewrite it without"},
    [DIVISION] = {"divides 128-bit integers", "divide 64-bit integers"},
    [FLOAT] = {"uses floating point", "use integers"},
    [SIGNED_DIVISION] = {"uses signed division", "divide unsigned integers, or link with --cpu=v4"},
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

static unsigned width_of(LLVMValueRef value)
{
	LLVMTypeRef type = LLVMTypeOf(value);

	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
		type = LLVMGetElementType(type);
	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
}

/* Whether code generation may have made such a complaint of the instruction. */
static bool may_do(LLVMValueRef instruction, enum act act)
{
	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMSDiv:
	case LLVMSRem:
		return act == (width_of(instruction) > 64 ? DIVISION : SIGNED_DIVISION);
	case LLVMUDiv:
	case LLVMURem:
		return act == DIVISION && width_of(instruction) > 64;
	default:
		return act == FLOAT ? computes_with_floats(instruction)
				    : act == LIBRARY_CALL && LLVMIsACallInst(instruction);
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

/* --- Where --- */

/* `'f' (f.c:3)` */
static char *describe(LLVMMetadataRef location)
{
	LLVMMetadataRef scope = LLVMDILocationGetScope(location);
	LLVMValueRef function = value_of(scope);
	const char *file = location_file(scope);

	while (
	    function && LLVMGetMetadataKind(metadata_of(function)) != LLVMDISubprogramMetadataKind)
		function = operand(function, SCOPE);
	char *name = function ? text_at(function, NAME) : xasprintf("%s", "");
	char *text = xasprintf("'%s' (%s:%u)", name, file, LLVMDILocationGetLine(location));
	free(name);
	return text;
}

/* `function 'f' (f.c:3), inlined into 'g' (g.c:5)` */
static char *describe_location(LLVMMetadataRef location)
{
	LLVMMetadataRef outermost = location, next = location;
	char *text = describe(location), *other, *result;

	while ((next = LLVMDILocationGetInlinedAt(next)))
		if (LLVMDILocationGetLine(next) &&
		    !location_is_in_library(LLVMDILocationGetScope(next)))
			outermost = next;
	other = outermost == location ? NULL : describe(outermost);
	result = other ? xasprintf("function %s, inlined into %s,", text, other)
		       : xasprintf("function %s", text);
	free(text);
	free(other);
	return result;
}

#define FOR_EACH_INSTRUCTION(instruction, function) \
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; \
	    block = LLVMGetNextBasicBlock(block)) \
		for (LLVMValueRef instruction = LLVMGetFirstInstruction(block); instruction; \
		    instruction = LLVMGetNextInstruction(instruction))

static bool is_at(LLVMMetadataRef location, const struct diagnostic *diagnostic)
{
	return location && LLVMDILocationGetLine(location) == diagnostic->line &&
	       LLVMDILocationGetColumn(location) == diagnostic->column &&
	       !strcmp(location_file(LLVMDILocationGetScope(location)), diagnostic->file);
}

/* The location of what the diagnostic is about; NULL where it is not known. act: -1 where it is
 * another. */
static LLVMMetadataRef find_location(const struct diagnostic *diagnostic, int act)
{
	LLVMMetadataRef found = NULL;
	unsigned best = 0;

	FOR_EACH_INSTRUCTION (instruction, diagnostic->function) {
		LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
		unsigned fit =
		    2 * is_at(location, diagnostic) + (act >= 0 && may_do(instruction, act));
		if (location && fit > best) {
			best = fit;
			found = location;
		}
	}
	return found;
}

static LLVMMetadataRef location_of(LLVMValueRef instruction)
{
	return location_find_users(LLVMInstructionGetDebugLoc(instruction));
}

static LLVMValueRef caller_of(LLVMValueRef call)
{
	return LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
}

/* Where the standard library has no debug info of its own, the name of the archive tells. */
static bool is_users_function(LLVMValueRef function)
{
	static const char *const archives[] = {
	    "libcore-", "liballoc-", "libstd-", "libcompiler_builtins-"};
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);

	for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
		if (strstr(origin_input(function), archives[i]))
			return false;
	return !subprogram || !location_is_in_library(subprogram);
}

/* A call in the user's own source that leads to the function; NULL where there is none. */
static LLVMValueRef find_call(LLVMValueRef function, struct map *seen)
{
	LLVMValueRef found = NULL;

	if (!map_add(seen, function))
		return NULL;
	for (LLVMUseRef use = LLVMGetFirstUse(function); use && !found; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);
		if (!LLVMIsACallInst(call))
			continue;
		bool is_users = location_of(call) || is_users_function(caller_of(call));
		found = is_users ? call : find_call(caller_of(call), seen);
	}
	return found;
}

/* The same where debug info was dropped, from the input: as its compiler left the function, which
 * may be as it is now. */
static LLVMMetadataRef find_location_in_input(const struct diagnostic *diagnostic, int act)
{
	struct diagnostic there = {.text = diagnostic->text};
	const char *path = origin_input(diagnostic->function), *subject = message_subject;
	struct input input = {NULL};
	struct stat status;

	/* a pipe is read but once */
	if (act < 0 || LLVMGetSubprogram(diagnostic->function) || access(path, R_OK) ||
	    stat(path, &status) || !S_ISREG(status.st_mode))
		return NULL;
	input = input_read_any(path);
	if (kind_of(input.data, input.size) != KIND_BITCODE)
		return NULL;
	LLVMModuleRef module = module_open(module_context(), input);
	message_subject = subject;
	there.function = LLVMGetNamedFunction(module, value_name(diagnostic->function));
	if (!there.function || LLVMIsDeclaration(there.function))
		return NULL;
	LLVMRunFunctionPassManager(LLVMCreateFunctionPassManagerForModule(module), there.function);
	metadata_context = LLVMGetModuleContext(module);
	return find_location(&there, act);
}

/* `function 'f'`, with its line where there is debug info. */
static char *describe_function(LLVMValueRef function)
{
	LLVMMetadataRef subprogram = LLVMGetSubprogram(function);
	const char *file = location_file(subprogram);
	char *name = demangle_or_copy(value_name(function));
	char *text = *file ? xasprintf("function '%s' (%s:%u)", name, file,
				 LLVMDISubprogramGetLine(subprogram))
			   : xasprintf("function '%s'", name);

	free(name);
	return text;
}

/* `INPUT: function 'f'`, with its location as far as debug info has it. */
static char *describe_user(const struct diagnostic *diagnostic, int act)
{
	LLVMMetadataRef location = find_location(diagnostic, act);
	LLVMValueRef function = diagnostic->function, call = NULL;
	struct map seen = {0};

	location =
	    location_find_users(location ? location : find_location_in_input(diagnostic, act));
	if (!location && !is_users_function(function))
		call = find_call(function, &seen);
	free(seen.slots);
	if (call) {
		location = location_of(call);
		function = caller_of(call);
	}
	const char *input = *origin_input(function) ? origin_input(function) : message_subject;
	char *where = location ? describe_location(location) : describe_function(function);
	char *name = demangle_or_copy(value_name(diagnostic->function));
	char *text = !call ? xasprintf("%s: %s", input, where)
			   : xasprintf("%s: %s%s by way of '%s',", input, where,
				 ends_with(where, ",") ? "" : ",", name);
	free(name);
	free(where);
	return text;
}

/* --- The error --- */

static int act_of(const struct diagnostic *diagnostic, const char *called)
{
	if (!strncmp(diagnostic->text, "unsupported signed division", 27))
		return SIGNED_DIVISION;
	if (!called)
		return -1;
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
 * a call that there cannot be. */
static bool is_said(const struct diagnostic *diagnostic, int act)
{
	static struct map said = {.kind = MAP_OF_STRINGS};
	const char *name = value_name(diagnostic->function);
	const char *what = act < 0 ? diagnostic->text : "";
	char *key = xasprintf("%s %s", name, what), *of_acts = xasprintf("%s ", name);
	bool result = map_find(&said, key) ||
		      (!strncmp(what, "only small returns", 18) && map_find(&said, of_acts));

	free(of_acts);
	map_add(&said, key);
	return result;
}

char *unsupported_reword(LLVMModuleRef module, const char *text)
{
	struct diagnostic diagnostic;

	if (!parse(module, text, &diagnostic))
		return NULL;
	metadata_context = LLVMGetModuleContext(module);
	char *called = called_in(diagnostic.text);
	int act = act_of(&diagnostic, called);
	if (is_said(&diagnostic, act))
		return xasprintf("%s", "");
	char *user = describe_user(&diagnostic, act);
	if (act < 0)
		return xasprintf("%.*s: %.*s", (int)strlen(user) - ends_with(user, ","), user,
		    (int)strcspn(diagnostic.text, "\n"), diagnostic.text);
	return xasprintf("%s %s%s%s%s, which BPF does not support; %s", user, acts[act].does,
	    called ? " (" : "", called ? called : "", called ? ")" : "", acts[act].instead);
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
