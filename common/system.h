/* What each system does in a way of its own: system-linux.c and system-darwin.c have all of this,
 * and toolset.mk compiles the one that CC is for. Elsewhere stands what is the same on all of them.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Names the process as ps shows it, where that can be done. */
void system_name_process(const char *name);

/* Has the process get SIGTERM when its parent ends. */
void system_end_with_parent(void);

/* Opens an empty file that is in no directory, to write and to read, which exec closes where
 * close_on_exec; name is for who lists open files. Returns its descriptor, or -1 with errno set. */
int system_open_memory(const char *name, bool close_on_exec);

/* Has the pipe hold that many bytes, where the system grants them. */
void system_widen_pipe(int file, size_t size);

/* The file of the running program, without links; NULL with errno set where it is not known. */
char *system_program(void);

/* Replaces the process by one of the same program with these arguments; returns where that fails,
 * with errno set. */
void system_run_again(char **arguments);

/* Whether the path is that of an open file of a process, and which: what it shows as a link to may
 * be none. */
bool system_is_descriptor(const char *path, int *process, int *descriptor);

/* Opens a file to write in the directory that has no name, so that nothing is left of it whatever
 * kills the program; -1 where there are no such files. */
int system_open_unnamed(const char *directory);

/* Gives such a file a name. Returns 0, or -1 with errno set. */
int system_name_file(int file, const char *path);

/* When the process started, in nanoseconds since the epoch, rounded up to what the system counts
 * in; -1 where there is no such process. */
long long system_start_of(const char *process);

/* When the file was written last, in nanoseconds since the epoch. */
long long system_time_written(const struct stat *status);

/* The peak of memory, in KiB. */
long system_peak_memory(const struct rusage *usage);

#endif
