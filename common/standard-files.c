#include "standard-files.h"
#include <fcntl.h>
#include <unistd.h>

static bool was_closed[3];

void standard_files_guard(void)
{
	for (int file = 0; file < 3; file++)
		if (fcntl(file, F_GETFD) < 0)
			was_closed[file] = open("/dev/null", O_RDWR) == file;
}

bool standard_file_was_closed(int file)
{
	return was_closed[file];
}

void standard_file_replace(int file, int other)
{
	dup2(other, file);
	close(other);
	was_closed[file] = false;
}
