/* LLVM's fatal errors and crashes, and signals: one message, no output, exit status 1. */
#ifndef CRASH_H
#define CRASH_H

/* Catches what would end the program without a word (SIGSEGV, SIGABRT, ...) and LLVM's
 * report_fatal_error: both say what message_subject was being worked on. Signals that ask the
 * program to end (SIGINT, SIGTERM, SIGHUP) remove temporary files first. */
void crash_catch(void);

#endif
