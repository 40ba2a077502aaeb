/* LLVM's fatal errors and crashes, and signals: one message, no output, exit status 1. Messages say
 * what message_subject was being worked on. */
#ifndef CRASH_H
#define CRASH_H

/* Catches what would end the program without a word (SIGSEGV, SIGABRT, ...). Signals that ask the
 * program to end (SIGINT, SIGTERM, SIGHUP) remove temporary files first. */
void crash_catch(void);

/* Catches LLVM's report_fatal_error; once LLVM is there. */
void crash_catch_llvm(void);

#endif
