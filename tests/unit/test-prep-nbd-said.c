/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_said.h"

#include "unit.h"

static void assert_said(const char *text, const char *name, const char *port)
{
	struct prep_nbd_said said;

	prep_nbd_said(text, strlen(text), &said);
	assert_string_equal(said.export_name, name);
	assert_string_equal(said.port, port);
}

TEST(initramfs_tools_has_a_name_behind_a_slash)
{
	assert_said("ip=dhcp nbdroot=1.2.3.4/jammy root=x\n", "jammy", "");
	assert_said("nbdroot=server:10810/jammy\n", "jammy", "10810");
	assert_said("nbdroot=[fd00::1]/jammy\n", "jammy", "");
	assert_said("nbdroot=[fd00::1]:10810/jammy\n", "jammy", "10810");
	assert_said("nbdroot=1.2.3.4,jammy,nbd0\n", "jammy", "");
	assert_said("nbdroot=\"1.2.3.4/jammy\"\n", "jammy", "");
}

TEST(dracut_has_a_name_behind_a_colon)
{
	assert_said("netroot=nbd:1.2.3.4:jammy\n", "jammy", "");
	assert_said("netroot=nbd:[fd00::1]:jammy:ext4:ro\n", "jammy", "");
	assert_said("netroot=nbd:1.2.3.4:10809\n", "", "");
}

TEST(what_is_no_name_is_none)
{
	static const char *const texts[] = {
		"",
		"nbdroot=\n",
		"nbdroot=dhcp",
		"nbdroot=/",
		"nbdroot=a,b",
		"nbdroot=a:b",
		"netroot=iscsi:a:b",
		"netroot=nbd:",
		"netroot=nbd:[",
		"netroot=nbd:a",
		"quiet -- nbdroot=a/b",
		"quiet\nnbdroot=a/b\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_said(texts[i], "", "");
	assert_said("nbdroot=a:123456/b", "b", "");
	assert_said("nbdroot=a:x/b", "b", "");
}

TEST(of_two_that_disagree_neither_counts)
{
	assert_said("nbdroot=a/b nbdroot=c/b", "b", "");
	assert_said("nbdroot=a/b nbdroot=a/c nbdroot=a/b", "", "");
	assert_said("nbdroot=a/b netroot=nbd:a:c", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initramfs_tools_has_a_name_behind_a_slash),
		cmocka_unit_test(dracut_has_a_name_behind_a_colon),
		cmocka_unit_test(what_is_no_name_is_none),
		cmocka_unit_test(of_two_that_disagree_neither_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
