/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_os_internal.h"

#include <errno.h>
#include <string.h>

int rom_os_choose_kernel(const struct rom_os *os, struct pbf_reason *why)
{
	struct prep_config *config = &os->config->config;
	char automatic[PREP_CONFIG_VALUE_BYTES];
	int error = rom_os_probe(os, config->kernel, why);

	if (error != -ENOENT || config->kernel_fallback[0] == '\0')
		return error;
	error = rom_os_probe(os, config->kernel_fallback, why);
	if (error < 0)
		return error;
	prep_config_auto_initramfs(config->kernel, automatic);
	if (config->is_auto_initramfs &&
	    strcmp(config->initramfs, automatic) == 0)
		prep_config_auto_initramfs(config->kernel_fallback,
					   config->initramfs);
	memcpy(config->kernel, config->kernel_fallback, sizeof(config->kernel));
	config->kernel_fallback[0] = '\0';
	return 0;
}

/*
 * os_prefix counts only where kernel and device tree exist beneath it
 * (config_txt/boot.adoc).  When that is looked at is supposed.
 */
int rom_os_settle_prefix(const struct rom_os *os, struct pbf_reason *why)
{
	struct prep_config *config = &os->config->config;
	const struct prep_config before = *config;
	int error;

	if (config->os_prefix[0] == '\0')
		return 0;
	error = rom_os_choose_kernel(os, why);
	if (error == 0 && config->device_tree[0] != '\0')
		error = rom_os_probe(os, config->device_tree, why);
	if (error != -ENOENT)
		return error;
	rom_remark(os->session,
		   "no kernel and device tree with os_prefix=%s: without it",
		   config->os_prefix);
	*config = before;
	config->os_prefix[0] = '\0';
	return 0;
}

static int no_kernel(const struct rom_os *os, struct pbf_reason *why)
{
	const struct prep_config *config = &os->config->config;
	bool has_other = config->kernel_fallback[0] != '\0';

	return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
			  "no kernel: there is no %s%s%s%s", config->os_prefix,
			  config->kernel, has_other ? " and no " : "",
			  config->kernel_fallback);
}

int rom_os_settle_kernel(const struct rom_os *os, struct pbf_reason *why)
{
	const struct prep_config *config = &os->config->config;
	int error = rom_os_settle_prefix(os, why);

	/* An os_prefix that is left has a kernel. */
	if (error < 0 || config->os_prefix[0] != '\0')
		return error;
	if (os->generation->checks_os) {
		error = rom_os_choose_kernel(os, why);
		/* Asked twice where it is there. */
		if (error == 0)
			error = rom_os_probe(os, config->kernel, why);
		return error == -ENOENT ? no_kernel(os, why) : error;
	}
	/* Supposed; without an initramfs they look for it in the end only. */
	if (config->is_auto_initramfs && config->kernel_fallback[0] != '\0')
		error = rom_os_choose_kernel(os, why);
	return error == -ENOENT ? 0 : error;
}

/* Each of them once, found or not. */
static int probe_all(const struct rom_os *os, const char *const *names,
		     struct pbf_reason *why)
{
	int error = 0;

	for (; error == 0 && *names; names++) {
		error = rom_os_probe(os, *names, why);
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

static int find_kernel(const struct rom_os *os, struct pbf_reason *why)
{
	static const char *const wider[] = { "kernel8.img", "kernel8-32.img",
					     "kernel8.img", NULL };
	int error = 0;

	/*
	 * start.elf looks for kernels of 64 bits, and takes kernel7.img all
	 * the same (issue 1605, with a kernel8.img).
	 */
	if (os->generation->insists_on_kernels &&
	    strcmp(os->config->config.kernel, "kernel7.img") == 0)
		error = probe_all(os, wider, why);
	if (error == 0)
		error = rom_os_choose_kernel(os, why);
	return error == -ENOENT ? no_kernel(os, why) : error;
}

int rom_os_load_kernel(const struct rom_os *os, struct pbf_reason *why)
{
	const struct rom_generation *generation = os->generation;
	const struct prep_config *config = &os->config->config;
	const char *const again[] = { config->kernel, config->kernel, NULL };
	struct rom_answer answer = { .is_cut = false };
	char path[PREP_CONFIG_PATH_BYTES];
	int error = 0;

	if (!generation->checks_os)
		error = find_kernel(os, why);
	if (error == 0)
		error = rom_read_seldom(os->session,
					config->is_64bit ?
						generation->armstub64 :
						generation->armstub32,
					why);
	if (error == 0 && generation->insists_on_kernels)
		error = probe_all(os, again, why);
	if (error < 0)
		return error;
	prep_config_path(config, config->kernel, path);
	error = rom_get(os->session, path, &answer, why);
	if (error == -ENOENT)
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "no kernel: %s did not come", path);
	if (error == 0)
		os->boot->kernel = answer.file;
	return error;
}
