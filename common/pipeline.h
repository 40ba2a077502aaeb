/* One stage of a pipe. bpf-linker runs
 *
 *     bpf-extract | bpf-merge : bpf-internalize : bpf-core : bpf-debuginfo : bpf-opt : bpf-codegen
 *
 * without bpf-core and bpf-debuginfo where there is no --btf; anybody may type the same, or run one
 * stage alone, with a | in the place of any `:`. A `:` stands between stages that run in one
 * process, one after the other; the module goes on in memory: itself, where what comes out at the
 * end is the same, and else as the bitcode that a pipe would carry (module.h). A stage that would
 * not give the same bytes there starts the program afresh. Few programs have work for bpf-core:
 * between two stages of the driver's it runs only where the module needs it. This is all that the
 * driver and the stages say to one another.
 *
 * The environment, set by the driver for the stages that it starts, and for nothing else:
 *
 *     BPF_LINKER_PIPELINE      the driver's process number. The stage ends when the driver does.
 *                              What follows bpf-internalize takes its input for verified.
 *     BPF_LINKER_STAGE_BEFORE  the name of the stage that writes to standard input, to be blamed
 *                              where it was killed.
 *     BPF_LINKER_RETRY         bpf-merge alone has it: where its LLVM cannot read an input, and
 *                              that may be newer, it says nothing and ends with status 3. The
 *                              driver then runs the pipe again with the toolset for any libLLVM,
 *                              and where this fails, too, once more as at first, without a retry.
 *     BPF_LINKER_EXPLAIN       The driver runs the pipe again where an error of bpf-codegen's, or a
 *                              warning of what kernels refuse, lacks the line that debug info would
 *                              have told: bpf-merge notes whether it has dropped some, and
 *                              bpf-codegen then says nothing, and ends with status 5 or 6. The pipe
 *                              that says it keeps debug info and ends in bpf-codegen --check.
 *     BPF_LINKER_TIME_LIMIT    seconds after which the stage gives up, with status 3: the libLLVM
 *                              that is tried then may not know what it reads.
 *     BPF_LINKER_INPUT         not the driver's, but of a stage that starts the program afresh:
 * what messages call the module. BPF_LINKER_LIBLLVM       the library to load (libllvm.h).
 *     BPF_LINKER_TOOLSETS      versions of LLVM, with spaces between them, of which bpf-extract
 *                              --say-llvm chooses: the oldest that is as new as the inputs, for
 *                              each is in a folder llvm-VERSION beside those of the others. Where
 *                              none suits, it says nothing and ends with STATUS_OTHER_TOOLSET; the
 *                              driver then runs both processes again, and chooses. bpf-merge is
 *                              started meanwhile: with this, it reads the toolset line itself, and
 *                              becomes that of another toolset where it is of the wrong one.
 *
 * In the pipe:
 *
 *  1. A toolset line, where the driver does not know the toolset yet. bpf-extract --say-llvm begins
 *     its output with one: which LLVM is needed, who needs it, for the shell that is to become
 *     bpf-merge; or, where it chooses, `/VERSION TAB`, for bpf-merge.
 *  2. The work: a tar (stream.h) for bpf-merge, and one module of bitcode for each one after it.
 *     Nothing of it is written before all is known to be well.
 *  3. Or else, as the whole output, the mark of a failure: newlines, which go unnoticed by people
 *     and scripts; one for each of 2 + the exit status, 1 to 4. Who reads it says nothing, does
 *     the same, and ends with the same status. The driver, too, leaves the mark of status 1 where
 *     it cannot start a stage.
 *
 * A stage that is killed leaves nothing, or a part of its output: the next one fails, and blames
 * it. A stage of which the reader is gone ends without a word, with status 1. So the status of the
 * last stage is that of the link.
 *
 * Exit statuses: 0 the output is written, 1 the input or the link is at fault, 2 the command line
 * is, STATUS_UNREADABLE another LLVM is to be tried, STATUS_OTHER_TOOLSET one that bpf-extract does
 * not know, STATUS_ERRORS_UNEXPLAINED the same pipe with debug info, STATUS_WARNINGS_UNEXPLAINED
 * likewise, but the output is written. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	STATUS_UNREADABLE = 3,
	STATUS_OTHER_TOOLSET = 4,
	STATUS_ERRORS_UNEXPLAINED = 5,
	STATUS_WARNINGS_UNEXPLAINED = 6,
};

/* Takes the program's part in the pipe of the driver that has started it, if one has. Fails where
 * BPF_LINKER_PIPELINE names another process than the one that did. */
void pipeline_join(void);

/* Has start called when a stage has ended well, instead of the end of the program; NULL where none
 * follows. arguments: the command line of the stage that begins, and of those after it. */
void pipeline_begin_stage(char **arguments, void (*start_next)(void));

/* The command line of the stage that has begun, and of those after it; ends in NULL. */
char **pipeline_words(void);

/* Whether another stage follows in the process, which is handed the output. */
bool pipeline_has_next_stage(void);

/* Hands bytes on to the next stage, after those before. */
void pipeline_hand_on(const void *data, size_t size);

/* Hands on what goes on in memory, in place of bytes: serialize gives these, where the next stage
 * has to start the program afresh. */
void pipeline_hand_on_in_memory(const void *(*serialize)(size_t *size));

/* Whether the stage before has done so; what pipeline_received gives is of no use then. */
bool pipeline_received_in_memory(void);

/* Whether the process has run another stage, which has handed its output on. */
bool pipeline_has_stage_before(void);

/* What that one has handed on, and its size; NULL, and no size, where there was none. */
const void *pipeline_received(size_t *size);

/* What the stages that follow in the process, or in a program that is started afresh, are to call
 * their input in messages; NULL by default. */
void pipeline_name_next(const char *name);
const char *pipeline_received_name(void);

/* The end of a stage: begins the next one; returns where there is none. */
void pipeline_start_next_stage(void);

/* Runs the stage, and those after it, in a program that has not run others before: which it must
 * where what those leave in LLVM would make a difference. Does nothing where there were none. */
void pipeline_start_afresh(void);

/* What is done before another program takes the place of this one; NULL by default. */
extern void (*pipeline_before_exec)(void);

/* Whether the stage is to choose the toolset for those after it. */
bool pipeline_chooses_toolset(void);

/* The folder of the toolsets of which the program may start another one; NULL where it may not. */
const char *pipeline_toolsets(void);

/* Chooses it, for inputs of which the newest is of version least of LLVM, 0 where none is known;
 * all_known: whether all are. Says which one on standard output, for the driver. Ends the program
 * where none suits. */
void pipeline_settle_toolset(unsigned least, bool all_known);

/* Whether the program was started before the toolset is known: standard input begins with the
 * toolset line, and is to be read byte by byte, so that what follows is there for the program of
 * another one. */
bool pipeline_awaits_toolset(void);

/* Takes what was read until now, which stays where it is. Returns its size once it is the toolset
 * line, and 0 before, and where it is none. Of another toolset, runs the program in the place of
 * this one. */
size_t pipeline_take_toolset(const unsigned char *data, size_t size);

/* Whether a driver has started the program. */
bool pipeline_has_driver(void);

/* Whether the driver tries another LLVM after STATUS_UNREADABLE. Safe in a signal handler. */
bool pipeline_may_retry(void);

/* Whether the driver runs the pipe again, with debug info, after STATUS_ERRORS_UNEXPLAINED and
 * STATUS_WARNINGS_UNEXPLAINED. */
bool pipeline_may_explain(void);

/* Says that no stage reads the output: a broken pipe is an error with a message then, and a failure
 * leaves no mark. */
void pipeline_set_last_stage(void);
bool pipeline_is_last_stage(void);

/* Says which descriptor the main output has; until then, it is taken for standard output. */
void pipeline_set_output(int file);

/* Waits until the file can be read. Fails in silence where the stage that reads our output is gone:
 * what is read would be of use to nobody. */
void pipeline_wait_for(int file);

/* Fails in silence, with the status that the stage before has failed with, where data that has come
 * through a pipe is the mark of its failure. */
void pipeline_fail_with_producer(const void *data, size_t size);

/* The stage before, where a driver has started it; else NULL. */
const char *pipeline_producer(void);

/* Leaves the mark of a failure with that exit status, 1 to 4, where another stage may read our
 * output. Nothing must have been written to it before. Safe in a signal handler. */
void pipeline_leave_mark(int status);

#endif
