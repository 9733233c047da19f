/* SPDX-License-Identifier: BSD-2-Clause */
#include "standard_fds.h"

#include <fcntl.h>
#include <unistd.h>

bool pbf_standard_fds_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int unusable = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", unusable) != fd)
			return false;
	}
	return true;
}
