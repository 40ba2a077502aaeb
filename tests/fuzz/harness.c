/* Runs a fuzzer in libFuzzer: https://llvm.org/docs/LibFuzzer.html */
#include "harness.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include <sanitizer/common_interface_defs.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/* What fail() leaves behind is no leak, and what was freed is not kept for long. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=16";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

static jmp_buf outside;

/* In the place of the end of the program. */
static void leave(int status)
{
	longjmp(outside, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	program_name = "fuzz";
	message_cleanup = leave;
	if (!setjmp(outside))
		fuzz(data, size);
	message_subject = NULL;
	return 0;
}

void expect(bool holds, const char *what)
{
	if (holds)
		return;
	/* libFuzzer has closed standard error, and the sanitizers have a copy */
	char *line = xasprintf("%s does not hold", what);
	__sanitizer_report_error_summary(line);
	abort();
}

bool is_shown_safely(const char *text)
{
	for (size_t size, rest = strlen(text); rest; text += size, rest -= size) {
		size = printable_character(text, rest);
		if (!size)
			return false;
	}
	return true;
}
