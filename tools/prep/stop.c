/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static volatile sig_atomic_t noted;

static void note(int signal)
{
	noted = signal;
}

void prep_stop_prepare(void)
{
	/* No SA_RESTART: a read from a pipe that nobody fills has to end. */
	const struct sigaction action = { .sa_handler = note };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		/* As nohup(1) wants it. */
		if (before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	/* What cannot be written is an error like others. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

bool prep_stop_is_asked(void *context)
{
	(void)context;
	return noted != 0;
}

void prep_stop_follow(void)
{
	if (noted == 0)
		return;
	signal(noted, SIG_DFL);
	raise(noted);
}
