/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a downloaded image to a board that boots over the network: the image
 * is unpacked or taken as it is, its boot partition is edited through mtools,
 * and servers' configurations and boards' links are made to go with it.
 */
#include <locale.h>
#include <signal.h>

#include "prep_options.h"
#include "prepare.h"
#include "standard_fds.h"
#include "stop.h"
#include "tell.h"

int main(int argc, char **argv)
{
	_cleanup_options_ struct prep_options options;
	int status;

	if (!pbf_standard_fds_open())
		return EXIT_FAILED;
	/* Or nobody could be waited for (wait(2)). */
	signal(SIGCHLD, SIG_DFL);
	/* Names are UTF-8 wherever it runs. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (!prep_options_parse(argc, argv, &options, &status))
		return status;
	prep_tell_start(options.quiet, options.verbose);
	prep_stop_prepare();
	status = options.check ? prep_check(&options) : prep_prepare(&options);
	if (status == EXIT_FAILED)
		prep_stop_follow();
	return status;
}
