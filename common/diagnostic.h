/* What LLVM says while it works, as messages: of the input that is worked on (message_subject), in
 * words that its user can act on. */
#ifndef DIAGNOSTIC_H
#define DIAGNOSTIC_H

#include "input.h"
#include "pipeline.h"
#include <llvm-c/Types.h>
#include <stdbool.h>
#include <stddef.h>

/* The handler for a context: an error diagnostic becomes an error, the rest goes below. */
void diagnostic_take(LLVMDiagnosticInfoRef diagnostic, void *unused);

/* Whether LLVM has reported an error since the start. */
bool diagnostic_any_error(void);

/* How much of the diagnostic is for the user: not the ` at line NUMBER` at its end, where the
 * number is one of the compiler's for a place in the source, and no line. */
size_t diagnostic_length(const char *diagnostic);

/* Decides whether an error diagnostic is none: returns true to drop it. NULL by default. */
extern bool (*diagnostic_excuses)(const char *diagnostic);

/* Says an error diagnostic in better words, with its subject: returns these, to be freed, or NULL
 * where it has none, "" where they were said before. NULL by default. */
extern char *(*diagnostic_rewords)(const char *diagnostic);

/* Whether STATUS_UNREADABLE takes the place of an error where reading fails: another LLVM can be
 * tried, and what wrote the input that is worked on may be newer than this one. Safe in a signal
 * handler. */
bool diagnostic_wants_other_llvm(void);

/* Is given each remark of LLVM's; NULL by default. Remarks that the user has not asked for are then
 * shown to nobody else. */
extern void (*diagnostic_takes_remark)(const char *remark);
extern bool diagnostic_shows_remarks;

/* An input is read as a module from now on, or no more. It must stay until then; its name is what
 * message_subject is set to. */
void diagnostic_start_reading(const struct input *input);
void diagnostic_end_reading(void);

/* Where subject is bitcode of another LLVM than this, says so, for that may be why it is not
 * understood; or else that what wrote it was killed. "" where neither holds. */
const char *diagnostic_blame(const char *subject);

/* Forgets what was said, opened and set: all is as at the start of the program. */
void diagnostic_reset(void);

#endif
