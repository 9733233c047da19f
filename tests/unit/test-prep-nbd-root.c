/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_root.h"

#include <errno.h>
#include <stdio.h>

#include "unit.h"

static const struct prep_nbd_root jammy = {
	.initramfs = PREP_INITRAMFS_TOOLS,
	.host = "192.168.1.10",
	.export_name = "jammy",
	.partition = 2,
};

/* That ROOT is said in these words, with a blank between. */
static void assert_root(const struct prep_nbd_root *root, const char *expected)
{
	struct prep_nbd_parameters parameters;
	char words[1024] = "";

	assert_int_equal(prep_nbd_root_check(root, NULL), 0);
	assert_int_equal(prep_nbd_root_parameters(root, &parameters), 0);
	for (size_t i = 0; i < parameters.count; i++) {
		const struct prep_parameter *parameter = &parameters.items[i];
		size_t used = strlen(words);

		assert_memory_equal(parameter->text, parameter->key,
				    strlen(parameter->key));
		snprintf(words + used, sizeof(words) - used, "%s%s",
			 i > 0 ? " " : "", parameter->text);
	}
	prep_nbd_parameters_free(&parameters);
	assert_string_equal(words, expected);
}

static void assert_refused(const struct prep_nbd_root *root, const char *words)
{
	struct pbf_reason why;

	assert_int_equal(prep_nbd_root_check(root, &why), -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
}

TEST(an_ipv6_host_is_in_brackets)
{
	struct prep_nbd_root root = jammy;

	root.host = "fd00::10";
	assert_root(&root, "ip=dhcp nbdroot=[fd00::10]/jammy root=/dev/nbd0p2");
	root.host = "[fd00::10]";
	assert_root(&root, "ip=dhcp nbdroot=[fd00::10]/jammy root=/dev/nbd0p2");
	root.initramfs = PREP_INITRAMFS_DRACUT;
	assert_root(&root, "ip=dhcp netroot=nbd:[fd00::10]:jammy "
			   "rd.neednet=1 root=/dev/nbd0p2");
	root.host = "[fd00::10";
	assert_refused(&root, "is no IP address and no host name");
	root.host = "fe80::1%eth0";
	assert_refused(&root, "is no IP address");
	root.host = "[192.168.1.10]";
	assert_refused(&root, "is no IP address");
}

TEST(a_port_is_no_part_of_a_host)
{
	static const char *const hosts[] = { "192.168.1.10:10809", "server:1",
					     "[fd00::10]:10809" };
	struct prep_nbd_root root = jammy;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		root.host = hosts[i];
		assert_refused(&root, "has a port: leave it out");
	}
	root.host = "[fd00::10]:";
	assert_refused(&root, "is no IP address");
}

TEST(a_port_is_said_where_it_can_be)
{
	struct prep_nbd_root root = jammy;

	root.port = "10810";
	assert_root(&root, "ip=dhcp nbdroot=192.168.1.10:10810/jammy "
			   "root=/dev/nbd0p2");
	root.host = "fd00::10";
	assert_root(&root, "ip=dhcp nbdroot=[fd00::10]:10810/jammy "
			   "root=/dev/nbd0p2");
	root.initramfs = PREP_INITRAMFS_DRACUT;
	assert_root(&root, "ip=dhcp netroot=nbd:[fd00::10]:jammy "
			   "rd.neednet=1 root=/dev/nbd0p2");
	root = jammy;
	root.port = "";
	assert_root(&root, "ip=dhcp nbdroot=192.168.1.10/jammy "
			   "root=/dev/nbd0p2");
}

TEST(a_host_may_have_a_name)
{
	static const char *const refused[] = {
		"",	   "server lab", "server/x", "server:10809",
		"se,rver", "-server",	 ".lab",     "192.168.1.256",
		"1.2.3",   "dhcp",	 "s\"x",     "se\nrver",
	};
	struct prep_nbd_root root = jammy;

	root.host = "server-1.lab_net";
	assert_root(&root, "ip=dhcp nbdroot=server-1.lab_net/jammy "
			   "root=/dev/nbd0p2");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		root.host = refused[i];
		assert_int_equal(prep_nbd_root_check(&root, NULL), -EINVAL);
	}
}

TEST(an_export_has_a_name_that_the_scripts_do_not_split)
{
	static const char *const refused[] = {
		"",    "a/b", "a b", "a,b",  "a:b",	 "a]b",
		"[a]", "a*b", "-a",  "a\"b", "a'b",	 "a\\b",
		"a$b", "a;b", "a\n", "a=b?", "\xc3\xa4",
	};
	struct prep_nbd_root root = jammy;

	root.export_name = "ubuntu-22.04.3_arm64+raspi~1@lab";
	assert_root(&root,
		    "ip=dhcp "
		    "nbdroot=192.168.1.10/ubuntu-22.04.3_arm64+raspi~1@lab "
		    "root=/dev/nbd0p2");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		root.export_name = refused[i];
		if (prep_nbd_root_check(&root, NULL) != -EINVAL)
			fail_msg("an export named \"%s\"", refused[i]);
	}
}

TEST(names_have_up_to_255_characters)
{
	char name[257];
	struct prep_nbd_root root = jammy;
	struct prep_nbd_parameters parameters;

	memset(name, 'x', sizeof(name) - 1);
	name[256] = '\0';
	root.host = name;
	assert_refused(&root, "is no IP address and no host name");
	root.host = "server";
	root.export_name = name;
	assert_refused(&root, "an export cannot be named");
	name[255] = '\0';
	root.host = name;
	assert_int_equal(prep_nbd_root_check(&root, NULL), 0);
	assert_int_equal(prep_nbd_root_parameters(&root, &parameters), 0);
	assert_int_equal(strlen(parameters.items[1].text),
			 strlen("nbdroot=/") + 510);
	prep_nbd_parameters_free(&parameters);
}

TEST(dracut_takes_an_export_of_digits_for_a_port)
{
	struct prep_nbd_root root = jammy;

	root.initramfs = PREP_INITRAMFS_DRACUT;
	root.export_name = "89025d75";
	assert_root(&root, "ip=dhcp netroot=nbd:192.168.1.10:89025d75 "
			   "rd.neednet=1 root=/dev/nbd0p2");
	root.export_name = "89025075";
	assert_refused(&root, "dracut would take an export");
	root.export_name = "+1";
	assert_refused(&root, "dracut would take an export");
	root.initramfs = PREP_INITRAMFS_TOOLS;
	root.export_name = "89025075";
	assert_root(&root, "ip=dhcp nbdroot=192.168.1.10/89025075 "
			   "root=/dev/nbd0p2");
}

TEST(a_disk_may_have_no_partitions)
{
	struct prep_nbd_root root = jammy;

	root.partition = 0;
	assert_root(&root, "ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0");
	root.partition = 255;
	assert_root(&root,
		    "ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p255");
	root.partition = 256;
	assert_refused(&root, "has no partition 256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv6_host_is_in_brackets),
		cmocka_unit_test(a_port_is_no_part_of_a_host),
		cmocka_unit_test(a_port_is_said_where_it_can_be),
		cmocka_unit_test(a_host_may_have_a_name),
		cmocka_unit_test(
			an_export_has_a_name_that_the_scripts_do_not_split),
		cmocka_unit_test(names_have_up_to_255_characters),
		cmocka_unit_test(dracut_takes_an_export_of_digits_for_a_port),
		cmocka_unit_test(a_disk_may_have_no_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
