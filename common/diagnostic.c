#include "diagnostic.h"
#include "array.h"
#include "libllvm.h"
#include "memory.h"
#include "message.h"
#include "pipeline.h"
#include "producer.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

bool (*diagnostic_excuses)(const char *diagnostic);
char *(*diagnostic_rewords)(const char *diagnostic);
void (*diagnostic_takes_remark)(const char *remark);
bool diagnostic_shows_remarks = true;
static bool had_error;
static char *last; /* what was said, for LLVM to say but once */

/* Without debug info LLVM's location is this. */
static const char *skip_unknown_location(const char *text)
{
	static const char unknown_location[] = "<unknown>:0:0: ";
	size_t length = strlen(unknown_location);

	return strncmp(text, unknown_location, length) ? text : text + length;
}

/* Some of LLVM's diagnostics print an instruction with its address in memory: `0x1fa470c0: `. */
static void remove_addresses(char *text)
{
	for (char *found = text; (found = strstr(found, "0x"));) {
		size_t length = 2 + strspn(found + 2, "0123456789abcdef");
		if (length > 8 && !strncmp(found + length, ": ", 2))
			memmove(found, found + length + 2, strlen(found + length + 2) + 1);
		else
			found += length;
	}
}

size_t diagnostic_length(const char *text)
{
	static const char words[] = " at line ";
	size_t length = strlen(text), end = length;

	while (end && text[end - 1] >= '0' && text[end - 1] <= '9')
		end--;
	size_t start = end < strlen(words) ? 0 : end - strlen(words);
	return end < length && !strncmp(text + start, words, strlen(words)) ? start : length;
}

/* diagnostic_blame says the same in words. */
static void remove_producer(char *text)
{
	char *found = strstr(text, " (Producer: '");

	if (found)
		*found = '\0';
}

/* What bitcode was opened, for messages. */
struct opened {
	struct input input;
	bool may_be_newer; /* than this LLVM */
};
static struct {
	ARRAY(struct opened);
} opened;
static const struct input *being_read;

const char *diagnostic_blame(const char *subject)
{
	if (being_read && *input_blame(*being_read))
		return input_blame(*being_read);
	for (size_t i = opened.count; subject && i-- > 0;)
		if (opened.items[i].input.name == subject) {
			char *producer = producer_of(opened.items[i].input);
			if (producer_llvm(producer) && strcmp(producer + 4, libllvm_version()))
				return xasprintf(" (produced by %s, read by LLVM %s)",
				    producer_in_words(producer), libllvm_version());
			free(producer);
			break;
		}
	return "";
}

void diagnostic_start_reading(const struct input *input)
{
	/* so that diagnostic_wants_other_llvm need not look, in a signal handler */
	char *producer = pipeline_may_retry() ? producer_of(*input) : NULL;

	array_add(
	    &opened, (struct opened){*input, producer_may_be_newer(producer, libllvm_version())});
	free(producer);
	being_read = input;
}

void diagnostic_end_reading(void)
{
	being_read = NULL;
}

bool diagnostic_wants_other_llvm(void)
{
	const char *subject = message_subject;
	bool any_may = false;

	if (!pipeline_may_retry())
		return false;
	for (size_t i = opened.count; i-- > 0;) {
		if (opened.items[i].input.name == subject)
			return opened.items[i].may_be_newer;
		any_may |= opened.items[i].may_be_newer;
	}
	return any_may;
}

/* Returns whether it is for nobody else. */
static bool take_remark(LLVMDiagnosticInfoRef diagnostic)
{
	if (LLVMGetDiagInfoSeverity(diagnostic) != LLVMDSRemark || !diagnostic_takes_remark)
		return false;
	char *text = xchecked(LLVMGetDiagInfoDescription(diagnostic));
	diagnostic_takes_remark(text);
	LLVMDisposeMessage(text);
	return !diagnostic_shows_remarks;
}

void diagnostic_take(LLVMDiagnosticInfoRef diagnostic, void *unused)
{
	static const enum message_level levels[] = {
	    [LLVMDSError] = LEVEL_ERROR,
	    [LLVMDSWarning] = LEVEL_WARN,
	    [LLVMDSRemark] = LEVEL_DEBUG,
	    [LLVMDSNote] = LEVEL_INFO,
	};
	enum message_level level = levels[LLVMGetDiagInfoSeverity(diagnostic)];
	const char *subject = message_subject;

	(void)unused;
	if (take_remark(diagnostic))
		return;
	char *text = xchecked(LLVMGetDiagInfoDescription(diagnostic));
	if (level == LEVEL_ERROR && diagnostic_excuses && diagnostic_excuses(text))
		level = LEVEL_DEBUG;
	had_error |= level == LEVEL_ERROR;
	if (level == LEVEL_ERROR && diagnostic_wants_other_llvm())
		fail_silently(STATUS_UNREADABLE);
	remove_addresses(text);
	remove_producer(text);
	/* LLVM may report one thing wherever it meets it */
	char *reworded = level == LEVEL_ERROR && diagnostic_rewords
			     ? diagnostic_rewords(skip_unknown_location(text))
			     : NULL;
	if (reworded && *reworded)
		message(level, "%s", reworded);
	else if (reworded) /* it was said before */
		;
	else if (!last || strcmp(last, text))
		message(level, "%s%s%.*s%s", subject ? subject : "", subject ? ": " : "",
		    (int)diagnostic_length(skip_unknown_location(text)),
		    skip_unknown_location(text),
		    level == LEVEL_ERROR ? diagnostic_blame(subject) : "");
	free(reworded);
	free(last);
	last = xstrdup(text);
	LLVMDisposeMessage(text);
}

void diagnostic_reset(void)
{
	diagnostic_excuses = NULL;
	diagnostic_rewords = NULL;
	diagnostic_takes_remark = NULL;
	diagnostic_shows_remarks = true;
	had_error = false;
	opened.count = 0;
	being_read = NULL;
	free(last);
	last = NULL;
}

bool diagnostic_any_error(void)
{
	return had_error;
}
