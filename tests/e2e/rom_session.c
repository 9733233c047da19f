/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "rom_out.h"

void rom_remark(const struct rom_session *session, const char *format, ...)
{
	va_list arguments;

	fputs("# ", session->log);
	va_start(arguments, format);
	vfprintf(session->log, format, arguments);
	va_end(arguments);
	putc('\n', session->log);
}

/* --- The log --- */

static void log_asked(const struct rom_session *session, const char *path)
{
	const struct rom_habits *habits = &session->habits;

	fprintf(session->log, "%s (", path);
	if (habits->wants_tsize)
		fputs("tsize=0", session->log);
	if (habits->blksize > 0)
		fprintf(session->log, " blksize=%u", habits->blksize);
	if (!habits->wants_tsize && habits->blksize == 0)
		fputs("no options", session->log);
	fputs("): ", session->log);
}

static void log_loaded(FILE *log, const struct rom_answer *answer)
{
	const struct tftp_options *granted = &answer->granted;

	fprintf(log, "%zu bytes", answer->file.length);
	if (answer->is_cut)
		fputs(", cut at the block limit", log);
	else if (granted->has_tsize && granted->tsize != answer->file.length)
		fprintf(log, ", but tsize was %" PRIu64, granted->tsize);
}

static void log_answer(const struct rom_session *session,
		       const struct rom_answer *answer)
{
	const struct tftp_options *granted = &answer->granted;
	FILE *log = session->log;

	switch (answer->outcome) {
	case ROM_LOADED:
		log_loaded(log, answer);
		break;
	case ROM_PROBED:
		fputs("probe only", log);
		if (granted->has_tsize)
			fprintf(log, ", %" PRIu64 " bytes", granted->tsize);
		break;
	case ROM_NOT_FOUND:
		fputs("not found", log);
		break;
	case ROM_ERROR:
		fprintf(log, "error %u, %s", answer->error_code,
			answer->message);
		break;
	case ROM_TIMEOUT:
		fputs("timeout", log);
		break;
	}
	putc('\n', log);
}

/* --- What the stage makes of it --- */

static int judge(const struct rom_session *session, const char *path,
		 const struct rom_answer *answer, struct pbf_reason *why)
{
	bool is_there =
		answer->outcome == ROM_LOADED || answer->outcome == ROM_PROBED;

	if (answer->outcome == ROM_TIMEOUT &&
	    !session->habits.timeout_is_missing)
		return pbf_refuse(why, -ETIMEDOUT, PBF_REASON_NO_OFFSET,
				  "%s did not come within %" PRId64 " ms", path,
				  session->habits.file_timeout_ms);
	if (!is_there)
		return -ENOENT;
	if (session->habits.needs_tsize && !answer->granted.has_tsize) {
		rom_remark(session, "the server told no tsize: as if missing");
		return -ENOENT;
	}
	return 0;
}

static int ask(const struct rom_session *session, const char *name,
	       bool is_probe, struct rom_answer *ret_answer,
	       struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	char path[TFTP_PATH_MAX_CHARS + 1];
	int error;

	if (snprintf(path, sizeof(path), "%s%s", session->prefix, name) >=
	    (int)sizeof(path)) {
		rom_remark(session, "%.32s...: too long to ask for", name);
		return -ENOENT;
	}
	log_asked(session, path);
	error = rom_transfer(&session->server, &session->habits, path, is_probe,
			     &answer);
	if (error < 0) {
		fprintf(session->log, "%s\n", strerror(-error));
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s: %s",
				  path,
				  error == -ETIME ? "the time is over" :
						    strerror(-error));
	}
	log_answer(session, &answer);
	if (answer.outcome == ROM_LOADED && session->out_fd >= 0 &&
	    rom_out_keep(session->out_fd, path, &answer.file, why) < 0)
		return -EIO; /* whatever it is, the server has the file */
	error = judge(session, path, &answer, why);
	if (error == 0) {
		*ret_answer = answer;
		answer.file = (struct rom_file){ .bytes = NULL };
	}
	return error;
}

int rom_probe(const struct rom_session *session, const char *name,
	      struct pbf_reason *why)
{
	struct rom_answer answer; /* without a file */

	return ask(session, name, true, &answer, why);
}

int rom_get(const struct rom_session *session, const char *name,
	    struct rom_answer *ret_answer, struct pbf_reason *why)
{
	return ask(session, name, false, ret_answer, why);
}

int rom_read(const struct rom_session *session, const char *name,
	     struct rom_answer *ret_answer, struct pbf_reason *why)
{
	int error = 0;

	if (session->probes_first)
		error = rom_probe(session, name, why);
	return error < 0 ? error : rom_get(session, name, ret_answer, why);
}

int rom_read_seldom(const struct rom_session *session, const char *name,
		    struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	int error = rom_read(session, name, &answer, why);

	if (error == 0)
		rom_remark(session, "%s is there, which is unusual; as if not",
			   name);
	return error == -ENOENT ? 0 : error;
}
