/* Standard input, output and error that are closed when the program starts. */
#ifndef STANDARD_FILES_H
#define STANDARD_FILES_H

#include <stdbool.h>

/* Opens /dev/null in the place of each that is closed, so that no other file gets its number. Call
 * it first. */
void standard_files_guard(void);

/* Whether the file 0, 1 or 2 was closed. */
bool standard_file_was_closed(int file);

/* Makes the open file the standard one, and closes its own descriptor. */
void standard_file_replace(int file, int other);

#endif
