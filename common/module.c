#include "module.h"
#include "kind.h"
#include "libllvm.h"
#include "message.h"
#include "options.h"
#include "producer.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool fatal_errors = true;
bool module_is_verified;
bool (*module_excuses)(const char *diagnostic);
static bool had_error;

/* Without debug info LLVM's place is this. */
static const char *skip_no_place(const char *text)
{
	static const char no_place[] = "<unknown>:0:0: ";
	size_t length = strlen(no_place);

	return strncmp(text, no_place, length) ? text : text + length;
}

/* Some of LLVM's diagnostics print an instruction with its address in memory: `0x1fa470c0: `. */
static void remove_addresses(char *text)
{
	for (char *place = text; (place = strstr(place, "0x"));) {
		size_t length = 2 + strspn(place + 2, "0123456789abcdef");
		if (length > 8 && !strncmp(place + length, ": ", 2))
			memmove(place, place + length + 2, strlen(place + length + 2) + 1);
		else
			place += length;
	}
}

/* name_llvms says the same in words. */
static void remove_producer(char *text)
{
	char *place = strstr(text, " (Producer: '");

	if (place)
		*place = '\0';
}

/* What bitcode was opened, for messages. */
static struct input *opened;
static size_t opened_count;

/* Where subject is bitcode of another LLVM than this, says so, for that may be why it is not
 * understood. */
static const char *name_llvms(const char *subject)
{
	for (size_t i = opened_count; subject && i-- > 0;)
		if (opened[i].name == subject) {
			char *producer = producer_of(opened[i]);
			if (producer_llvm(producer) && strcmp(producer + 4, libllvm_version()))
				return xasprintf(" (produced by %s, read by LLVM %s)",
				    producer_in_words(producer), libllvm_version());
			free(producer);
			break;
		}
	return "";
}

static void take_diagnostic(LLVMDiagnosticInfoRef diagnostic, void *unused)
{
	static const enum message_level levels[] = {
	    [LLVMDSError] = LEVEL_ERROR,
	    [LLVMDSWarning] = LEVEL_WARN,
	    [LLVMDSRemark] = LEVEL_DEBUG,
	    [LLVMDSNote] = LEVEL_INFO,
	};
	enum message_level level = levels[LLVMGetDiagInfoSeverity(diagnostic)];
	char *text = LLVMGetDiagInfoDescription(diagnostic);
	const char *subject = message_subject;
	static char *last;

	(void)unused;
	if (level == LEVEL_ERROR && module_excuses && module_excuses(text))
		level = LEVEL_DEBUG;
	had_error |= level == LEVEL_ERROR;
	if (level == LEVEL_ERROR && message_another_llvm_waits)
		fail_silently(STATUS_UNREADABLE);
	remove_addresses(text);
	remove_producer(text);
	/* LLVM may say a thing for each place where it meets it */
	if (!last || strcmp(last, text))
		message(level, "%s%s%s%s", subject ? subject : "", subject ? ": " : "",
		    skip_no_place(text), level == LEVEL_ERROR ? name_llvms(subject) : "");
	free(last);
	last = strdup(text);
	LLVMDisposeMessage(text);
}

LLVMContextRef module_context(void)
{
	LLVMContextRef context = LLVMContextCreate();

	LLVMContextSetDiagnosticHandler(context, take_diagnostic, NULL);
	return context;
}

void module_check_errors(void)
{
	if (had_error && fatal_errors)
		fail_silently(1);
}

/* What could not be read has been reported through the context, except when LLVM says nothing. */
static _Noreturn void fail_to_read(const char *name, char *reason)
{
	if (message_another_llvm_waits)
		fail_silently(STATUS_UNREADABLE);
	if (reason && *reason) {
		for (size_t end = strlen(reason); end && isspace((unsigned char)reason[end - 1]);)
			reason[--end] = '\0';
		fail("%s: %s (read by LLVM %s)", name, reason, libllvm_version());
	}
	if (!had_error)
		fail("%s: cannot be read as LLVM bitcode%s", name, name_llvms(name));
	fail_silently(1);
}

static LLVMModuleRef parse_ir(LLVMContextRef context, struct input input)
{
	char *reason = NULL;
	LLVMModuleRef module;
	LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(
	    (const char *)input.data, input.size, input.name);

	if (LLVMParseIRInContext(context, buffer, &module, &reason))
		fail_to_read(input.name, reason);
	return module;
}

static LLVMMemoryBufferRef wrap(struct input input)
{
	return LLVMCreateMemoryBufferWithMemoryRange(
	    (const char *)input.data, input.size, input.name, false);
}

static LLVMModuleRef read_module(LLVMContextRef context, struct input input,
    LLVMBool (*read_bitcode)(LLVMContextRef, LLVMMemoryBufferRef, LLVMModuleRef *))
{
	LLVMModuleRef module;

	message_subject = input.name;
	switch (kind_of(input.data, input.size)) {
	case KIND_BITCODE:
		opened = xrealloc(opened, (opened_count + 1) * sizeof *opened);
		opened[opened_count++] = input;
		if (read_bitcode(context, wrap(input), &module))
			fail_to_read(input.name, NULL);
		break;
	case KIND_IR:
		module = parse_ir(context, input);
		break;
	case KIND_STREAM:
		fail("%s: is a stream of modules, not one; bpf-merge makes one of it", input.name);
	default:
		fail("%s: is neither LLVM bitcode nor textual IR", input.name);
	}
	message_subject = NULL;
	return module;
}

/* Passes crash or never end on invalid IR, which bitcode may well hold. */
static void verify(LLVMModuleRef module, const char *name)
{
	char *reason;

	if (module_is_verified)
		return;
	if (LLVMVerifyModule(module, LLVMReturnStatusAction, &reason))
		fail("%s: is not valid LLVM IR: %s", name, reason);
	LLVMDisposeMessage(reason);
}

LLVMModuleRef module_parse(LLVMContextRef context, struct input input)
{
	LLVMModuleRef module = read_module(context, input, LLVMParseBitcodeInContext2);

	message_subject = input.name;
	verify(module, input.name);
	return module;
}

LLVMModuleRef module_open(LLVMContextRef context, struct input input)
{
	return read_module(context, input, LLVMGetBitcodeModuleInContext2);
}

void module_each_global(
    LLVMModuleRef module, void (*visit)(LLVMValueRef global, void *data), void *data)
{
	LLVMValueRef (*const first[])(LLVMModuleRef) = {LLVMGetFirstFunction, LLVMGetFirstGlobal,
	    LLVMGetFirstGlobalAlias, LLVMGetFirstGlobalIFunc};
	LLVMValueRef (*const following[])(LLVMValueRef) = {
	    LLVMGetNextFunction, LLVMGetNextGlobal, LLVMGetNextGlobalAlias, LLVMGetNextGlobalIFunc};

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		for (LLVMValueRef global = first[i](module), next; global; global = next) {
			next = following[i](global);
			visit(global, data);
		}
}

void module_write(LLVMModuleRef module, struct output *output)
{
	LLVMMemoryBufferRef buffer = LLVMWriteBitcodeToMemoryBuffer(module);

	output_write(output, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
}

void module_print(LLVMModuleRef module, struct output *output)
{
	char *text = LLVMPrintModuleToString(module);

	output_write(output, text, strlen(text));
	LLVMDisposeMessage(text);
}

void module_dump(LLVMModuleRef module, const char *path)
{
	struct output *output = output_open(path, false);

	module_print(module, output);
	output_commit(output);
}

void module_finish(LLVMModuleRef module, struct output *output)
{
	module_check_errors();
	module_write(module, output);
	output_commit(output);
	tool_finish();
}

const char *value_name(LLVMValueRef value)
{
	size_t length;

	return LLVMGetValueName2(value, &length);
}
