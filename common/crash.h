/* LLVM's fatal errors and crashes, and signals: one message, no output, exit status 1. Messages say
 * what message_subject was being worked on. */
#ifndef CRASH_H
#define CRASH_H

#include <stdbool.h>

/* An input is being read, or verified: where LLVM crashes then, the input may be damaged. */
extern volatile bool crash_is_reading;

/* Which input the function of that name is of, or where it is NULL or not known, the module that is
 * worked on; NULL where that is not known. NULL by default. */
extern const char *(*crash_input_of)(const char *function);

/* Catches what would end the program without a word (SIGSEGV, SIGABRT, ...). Signals that ask the
 * program to end (SIGINT, SIGTERM, SIGHUP) remove temporary files first. */
void crash_catch(void);

/* Catches LLVM's report_fatal_error; once LLVM is there. */
void crash_catch_llvm(void);

/* Forgets what was said of the module. */
void crash_reset(void);

#endif
