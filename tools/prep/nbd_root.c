/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_root.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define NAME_BYTES_MAX 255u
#define PARTITION_MAX 255u

#define ALPHANUMERIC \
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool is_ip_address(int family, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(family, text, address) == 1;
}

/* HOST without its brackets, if it is an IPv6 address. */
static bool parse_ipv6(const char *host, char ret_address[INET6_ADDRSTRLEN])
{
	size_t length = strlen(host);

	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (length >= INET6_ADDRSTRLEN)
		return false;
	memcpy(ret_address, host, length);
	ret_address[length] = '\0';
	return is_ip_address(AF_INET6, ret_address);
}

/* "HOST:PORT" or "[IPV6]:PORT". */
static bool has_port(const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon && colon[1] &&
	       strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
	       (strchr(host, ':') == colon ||
		(host[0] == '[' && colon[-1] == ']'));
}

static int check_host(const char *host, struct pbf_reason *why)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strlen(host);

	if (parse_ipv6(host, address) || is_ip_address(AF_INET, host))
		return 0;
	if (has_port(host))
		return pbf_refuse(
			why, -EINVAL, PBF_REASON_NO_OFFSET,
			"\"%.100s\" has a port: leave it out, and let the "
			"NBD server listen at NBD's own, 10809",
			host);
	if (length == 0 || length > NAME_BYTES_MAX ||
	    strspn(host, ALPHANUMERIC "-._") != length ||
	    strchr("-.", host[0]) || strspn(host, "0123456789.") == length)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "\"%.100s\" is no IP address and no host "
				  "name",
				  host);
	/* nbd-client's script takes it for: where DHCP says. */
	if (strcmp(host, "dhcp") == 0)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "a host named \"dhcp\" cannot be said in "
				  "nbdroot=; use its IP address");
	return 0;
}

static int check_export(const struct prep_nbd_root *root,
			struct pbf_reason *why)
{
	const char *name = root->export_name;
	size_t length = strlen(name);
	size_t sign = strspn(name, "+-");

	if (length == 0 || length > NAME_BYTES_MAX || name[0] == '-' ||
	    strspn(name, ALPHANUMERIC "-._+@~") != length)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "an export cannot be named \"%.100s\" on a "
				  "kernel's command line: give another name "
				  "by --nbd-name, of letters, digits and . _ - "
				  "+ @ ~, and no - at the beginning",
				  name);
	if (root->initramfs == PREP_INITRAMFS_DRACUT &&
	    strspn(name + sign, "0123456789") == length - sign)
		return pbf_refuse(
			why, -EINVAL, PBF_REASON_NO_OFFSET,
			"dracut would take an export named \"%.100s\" "
			"for a port: give it a name with a letter by "
			"--nbd-name",
			name);
	return 0;
}

int prep_nbd_root_check(const struct prep_nbd_root *root,
			struct pbf_reason *why)
{
	int error = check_host(root->host, why);

	if (error < 0)
		return error;
	error = check_export(root, why);
	if (error < 0)
		return error;
	if (root->partition > PARTITION_MAX)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "an NBD device has no partition %u",
				  root->partition);
	if (root->ip && (root->ip[0] == '\0' || prep_has_control(root->ip) ||
			 strpbrk(root->ip, " \"")))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "ip= cannot have the value \"%.100s\"",
				  root->ip);
	return 0;
}

__attribute__((format(printf, 3, 4))) static bool
add(struct prep_nbd_parameters *parameters, const char *key, const char *format,
    ...)
{
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return false;
	parameters->items[parameters->count++] =
		(struct prep_parameter){ key, text };
	return true;
}

int prep_nbd_root_parameters(const struct prep_nbd_root *root,
			     struct prep_nbd_parameters *ret_parameters)
{
	struct prep_nbd_parameters parameters = { 0 };
	char host[NAME_BYTES_MAX + 1], address[INET6_ADDRSTRLEN];
	const char *name = root->export_name;
	const char *port = root->port ? root->port : "";
	bool ok;

	if (parse_ipv6(root->host, address))
		snprintf(host, sizeof(host), "[%s]", address);
	else
		snprintf(host, sizeof(host), "%s", root->host);
	ok = add(&parameters, "ip=", "ip=%s", root->ip ? root->ip : "dhcp");
	if (root->initramfs == PREP_INITRAMFS_DRACUT)
		ok = ok &&
		     add(&parameters, "netroot=", "netroot=nbd:%s:%s", host,
			 name) &&
		     add(&parameters, "rd.neednet=", "rd.neednet=1");
	else
		ok = ok && add(&parameters, "nbdroot=", "nbdroot=%s%s%s/%s",
			       host, port[0] ? ":" : "", port, name);
	if (root->partition > 0)
		ok = ok && add(&parameters, "root=", "root=/dev/nbd0p%u",
			       root->partition);
	else
		ok = ok && add(&parameters, "root=", "root=/dev/nbd0");
	if (!ok) {
		prep_nbd_parameters_free(&parameters);
		return -ENOMEM;
	}
	*ret_parameters = parameters;
	return 0;
}

void prep_nbd_parameters_free(struct prep_nbd_parameters *parameters)
{
	for (size_t i = 0; i < parameters->count; i++)
		free(parameters->items[i].text);
	parameters->count = 0;
}
