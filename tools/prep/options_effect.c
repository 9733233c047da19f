/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_effect.h"

#include <stddef.h>

#include "say.h"

/* What an option can need: one of these has to be there. */
enum need {
	NEEDS_NOTHING = 0,
	NEEDS_SOURCE = 1 << 0,
	NEEDS_HOST = 1 << 1,
	NEEDS_NBD_CONF = 1 << 2,
	NEEDS_DNSMASQ_CONF = 1 << 3,
};

struct given {
	const char *option;
	bool is_given;
	unsigned int needs;
};

static const char *text_of(unsigned int needs)
{
	switch (needs) {
	case NEEDS_SOURCE:
		return "a SOURCE that is unpacked into a DIRECTORY";
	case NEEDS_HOST:
		return "--nbd-host";
	case NEEDS_HOST | NEEDS_DNSMASQ_CONF:
		return "--dnsmasq-conf or --nbd-host";
	default:
		return "--nbd-host, --nbd-conf or a SOURCE";
	}
}

static unsigned int needs_met(const struct prep_options *options)
{
	unsigned int met = 0;

	if (options->source)
		met |= NEEDS_SOURCE;
	if (options->nbd_host)
		met |= NEEDS_HOST;
	if (options->nbd_conf)
		met |= NEEDS_NBD_CONF;
	if (options->dnsmasq_conf)
		met |= NEEDS_DNSMASQ_CONF;
	return met;
}

/* With --check the first of them is too much, whatever else is there. */
static bool check_row(const struct prep_options *options,
		      const struct given *row)
{
	if (!row->is_given)
		return true;
	if (options->check) {
		say("--check changes nothing, so that --%s is for nothing; "
		    "only -p, -q and -v go with it",
		    row->option);
		return false;
	}
	if (row->needs == NEEDS_NOTHING ||
	    (row->needs & needs_met(options)) != 0)
		return true;
	say("--%s is for nothing without %s", row->option, text_of(row->needs));
	return false;
}

bool prep_options_have_effect(const struct prep_options *options)
{
	const unsigned int dnsmasq = NEEDS_HOST | NEEDS_DNSMASQ_CONF;
	/* Who may write to the image is looked at for these. */
	const unsigned int user = NEEDS_SOURCE | NEEDS_HOST | NEEDS_NBD_CONF;
	const struct given rows[] = {
		{ "copy", options->copy_count > 0, NEEDS_NOTHING },
		{ "dns", options->has_dns, dnsmasq },
		{ "dnsmasq-conf", options->dnsmasq_conf, NEEDS_NOTHING },
		{ "dry-run", options->dry_run, NEEDS_NOTHING },
		{ "force", options->force, NEEDS_NOTHING },
		{ "initramfs", options->has_initramfs, NEEDS_HOST },
		{ "interface", options->interface, dnsmasq },
		{ "ip", options->ip, NEEDS_HOST },
		{ "mac", options->mac_count > 0, NEEDS_NOTHING },
		{ "name", options->name, NEEDS_SOURCE },
		{ "nbd-conf", options->nbd_conf, NEEDS_NOTHING },
		{ "nbd-host", options->nbd_host, NEEDS_NOTHING },
		/* Or boards would ask for another export than there is. */
		{ "nbd-name", options->nbd_name, NEEDS_HOST },
		{ "nbd-user", options->nbd_user, user },
		{ "packages", options->packages, NEEDS_NOTHING },
		{ "remove", options->removal_count > 0, NEEDS_NOTHING },
		{ "root-partition", options->root_partition > 0, NEEDS_HOST },
		{ "serial", options->serial_count > 0, NEEDS_NOTHING },
		{ "sha256", options->has_sum, NEEDS_SOURCE },
		{ "size", options->size_bytes > 0, NEEDS_NOTHING },
		{ "subnet", options->subnet, dnsmasq },
		{ "tftp-root", options->tftp_root, dnsmasq },
	};

	if (options->check && !options->image) {
		say("--check takes one argument, an IMAGE that is there");
		return false;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!check_row(options, &rows[i]))
			return false;
	return true;
}
