/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmdline_check.h"

#include <stdio.h>

#include "unit.h"

#define GOOD "console=tty1 ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2"
#define GOOD_DRACUT \
	"ip=dhcp netroot=nbd:192.168.1.10:jammy rd.neednet=1 root=/dev/nbd0p2"

static const struct pbf_partition_table table = {
	.type = PBF_TABLE_MBR,
	.count = 3,
	.partitions = { { .number = 1 }, { .number = 2 }, { .number = 5 } },
};

static void check(enum prep_initrd_generator generator, const char *text,
		  struct prep_findings *findings)
{
	const struct prep_boot_disk disk = { &table, 1 };
	const struct prep_cmdline_context context = {
		.path = "cmdline.txt",
		.generator = generator,
		.disk = &disk,
	};

	prep_findings_free(findings);
	prep_cmdline_check(&context, text, strlen(text), findings);
}

/* That nothing is said of TEXT. */
static void assert_good(enum prep_initrd_generator generator, const char *text)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	check(generator, text, &findings);
	if (findings.warnings.count > 0)
		fail_msg("of \"%s\": %s", text, findings.warnings.items[0]);
}

/* That just one warning is given, which has these words. */
static void assert_warned(enum prep_initrd_generator generator,
			  const char *text, const char *words)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	check(generator, text, &findings);
	if (findings.warnings.count != 1)
		fail_msg("%zu warnings of \"%s\"", findings.warnings.count,
			 text);
	if (!strstr(findings.warnings.items[0], words))
		fail_msg("\"%s\" does not say \"%s\"",
			 findings.warnings.items[0], words);
	if (strncmp(findings.warnings.items[0], "cmdline.txt ", 12) != 0)
		fail_msg("\"%s\" names no file", findings.warnings.items[0]);
}

#define assert_tools_warned(text, words) \
	assert_warned(PREP_INITRD_INITRAMFS_TOOLS, text, words)
#define assert_dracut_warned(text, words) \
	assert_warned(PREP_INITRD_DRACUT, text, words)

TEST(what_pibootfs_prep_writes_is_good)
{
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, GOOD "\n");
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, "# mine\r\n\r\n" GOOD "\r\n");
	assert_good(PREP_INITRD_DRACUT, GOOD_DRACUT);
	assert_good(PREP_INITRD_UNKNOWN, GOOD);
	assert_good(PREP_INITRD_UNKNOWN, GOOD_DRACUT);
}

TEST(without_nbd_nothing_else_matters)
{
	static const char words[] = "says nothing of NBD: the board will";

	assert_tools_warned("console=tty1 root=LABEL=writable rootwait", words);
	assert_tools_warned("", words);
	assert_tools_warned("\n\n# nbdroot=192.168.1.10/jammy\n", words);
	assert_tools_warned("root=PARTUUID=1-2 init=/usr/lib/firstboot resize\n"
			    "nbdroot=192.168.1.10/jammy\n",
			    words);
	/* What is for init is not for the kernel. */
	assert_tools_warned("root=LABEL=writable -- " GOOD, words);
	/* This netroot= is another one. */
	assert_dracut_warned("netroot=iscsi:192.168.1.10::::x", words);
}

TEST(the_server_is_said_as_the_initrd_wants_it)
{
	assert_tools_warned("ip=dhcp netroot=nbd:1.2.3.4:x root=/dev/nbd0p2",
			    "has netroot=, but the initrd was made by "
			    "initramfs-tools, whose scripts want nbdroot=");
	assert_dracut_warned("rd.neednet=1 " GOOD,
			     "has nbdroot=, but the initrd was made by dracut, "
			     "whose scripts want netroot=");
	assert_tools_warned("ip=dhcp root=/dev/nbd0p2",
			    "does not say by nbdroot= where");
	assert_dracut_warned("ip=dhcp rd.neednet=1 root=/dev/nbd0p2",
			     "does not say by netroot= where");
}

TEST(there_is_one_server)
{
	assert_tools_warned(GOOD " netroot=nbd:192.168.1.10:jammy",
			    "has both nbdroot= and netroot=");
	assert_dracut_warned(GOOD_DRACUT " nbdroot=192.168.1.10/jammy",
			     "has both netroot= and nbdroot=");
	assert_warned(PREP_INITRD_UNKNOWN,
		      GOOD " netroot=nbd:192.168.1.10:jammy", "has both");
	assert_tools_warned(GOOD " nbdroot=192.168.1.11/jammy",
			    "has nbdroot= more than once");
	assert_dracut_warned(GOOD_DRACUT " netroot=nbd:192.168.1.11:jammy",
			     "has netroot= more than once");
}

TEST(the_server_is_said_in_a_form_that_works)
{
	static const char *const good[] = {
		"192.168.1.10:10809/jammy",
		"192.168.1.10,jammy,nbd0",
		"[fd00::10]/jammy",
		"\"server/jammy\"",
		"dhcp",
	};
	static const char *const bad[] = {
		"192.168.1.10,jammy",
		"192.168.1.10:jammy",
		"192.168.1.10:/jammy",
		"192.168.1.10/",
		"/jammy",
		"192.168.1.10",
		",,nbd0",
		"192.168.1.10,,nbd0",
		"192.168.1.10/jammy,nbd0",
		"",
		"192.168.1.10,jammy,sda",
	};
	char text[256];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text),
			 "ip=dhcp nbdroot=%s root=/dev/nbd0p2", good[i]);
		assert_good(PREP_INITRD_INITRAMFS_TOOLS, text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
			 "ip=dhcp nbdroot=%s root=/dev/nbd0p2", bad[i]);
		assert_tools_warned(text, "do not understand (they want "
					  "HOST/NAME)");
	}
}

TEST(dracut_has_a_form_of_its_own)
{
	static const char *const good[] = {
		"nbd:[fd00::10]:jammy",
		"nbd:server:jammy:ext4:ro",
	};
	static const char *const bad[] = {
		"nbd:192.168.1.10",
		"nbd:192.168.1.10/jammy",
		"nbd:",
		"nbd::jammy",
		"nbd:server:",
		"nbd:[fd00::10]",
	};
	char text[256];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text),
			 "ip=dhcp rd.neednet netroot=%s root=/dev/nbd0p2",
			 good[i]);
		assert_good(PREP_INITRD_DRACUT, text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
			 "ip=dhcp rd.neednet netroot=%s root=/dev/nbd0p2",
			 bad[i]);
		assert_dracut_warned(text, "(they want nbd:HOST:NAME)");
	}
}

#define SERVER "ip=dhcp nbdroot=192.168.1.10/jammy "

TEST(root_is_a_partition_that_is_there)
{
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, SERVER "root=/dev/nbd0p5");
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, SERVER "root=\"/dev/nbd0p5\"");
	assert_tools_warned(SERVER, "has no root=");
	assert_tools_warned(SERVER "root=/dev/nbd0p3", "no such partition");
	assert_tools_warned(SERVER "root=/dev/nbd0p", "no such partition");
	assert_tools_warned(SERVER "root=/dev/nbd0p2x", "no such partition");
	assert_tools_warned(SERVER "root=/dev/nbd02", "whole disk");
	assert_tools_warned(SERVER "root=/dev/nbd0p4294967298", "no such");
	assert_tools_warned(SERVER "root=/dev/nbd0p1", "the boot partition");
	assert_tools_warned(SERVER "root=/dev/nbd0", "whole disk");
	assert_tools_warned(SERVER "root=/dev/mmcblk0p2",
			    "has root=/dev/mmcblk0p2 and not root=/dev/nbd0pN");
	assert_tools_warned(SERVER "root=LABEL=writable", "may wait in vain");
	assert_tools_warned(SERVER "root=/dev/nbdx", "may wait in vain");
	assert_tools_warned(SERVER "root=/dev/sda2 root=/dev/nbd0p2",
			    "has root= more than once");
}

TEST(a_disk_may_have_no_partitions)
{
	static const struct pbf_partition_table none = { .count = 0 };
	_cleanup_findings_ struct prep_findings findings = { 0 };
	const struct prep_boot_disk disk = { &none, 0 };
	const struct prep_cmdline_context context = { "cmdline.txt",
						      PREP_INITRD_UNKNOWN,
						      &disk };
	static const char whole[] = SERVER "root=/dev/nbd0";
	static const char part[] = SERVER "root=/dev/nbd0p2";

	prep_cmdline_check(&context, whole, strlen(whole), &findings);
	assert_int_equal(findings.warnings.count, 0);
	prep_cmdline_check(&context, part, strlen(part), &findings);
	assert_int_equal(findings.warnings.count, 1);
}

#define ROOT "nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 "
#define DRACUT_ROOT "netroot=nbd:192.168.1.10:jammy root=/dev/nbd0p2 "

TEST(the_network_is_set_up)
{
	assert_tools_warned(ROOT, "has no ip= that sets up the network");
	assert_tools_warned(ROOT "ip=off", "has no ip=");
	assert_tools_warned(ROOT "ip=none", "has no ip=");
	assert_tools_warned(ROOT "ip=", "has no ip=");
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, ROOT "ip=:::::eth0:dhcp");
	assert_dracut_warned(DRACUT_ROOT "ip=dhcp", "has no rd.neednet=1");
	assert_dracut_warned(DRACUT_ROOT "ip=dhcp rd.neednet=0",
			     "has no rd.neednet=1");
	assert_good(PREP_INITRD_DRACUT, DRACUT_ROOT "ip=dhcp rd.neednet=yes");
}

TEST(a_cards_first_boot_is_left_out)
{
	assert_tools_warned(
		GOOD " init=/usr/lib/raspberrypi-sys-mods/firstboot",
		"has init=/usr/lib/raspberrypi-sys-mods/firstboot: instead of");
	assert_tools_warned(GOOD " init=/usr/lib/raspi-config/init_resize.sh",
			    "re-partitions an SD card");
	assert_tools_warned(GOOD " quiet resize", "has \"resize\"");
	assert_good(PREP_INITRD_INITRAMFS_TOOLS,
		    GOOD " init=/lib/systemd/systemd noresize resize=1");
}

TEST(only_the_first_line_counts)
{
	assert_tools_warned(GOOD "\nquiet splash\n",
			    "\"quiet splash\" has no effect");
	assert_good(PREP_INITRD_INITRAMFS_TOOLS, GOOD "\n\n # what I did\n");
}

TEST(each_fault_is_said)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	check(PREP_INITRD_DRACUT,
	      "nbdroot=1.2.3.4/x root=/dev/nbd0p7 init=/firstboot resize\nx",
	      &findings);
	assert_int_equal(findings.warnings.count, 7);
}

TEST(hostile_words_are_cut_short_and_no_formats)
{
	static const char text[] = SERVER "root=\x1b[2J\a\0x root=\"";
	char all[4096];
	_cleanup_findings_ struct prep_findings findings = { 0 };
	const struct prep_boot_disk disk = { &table, 1 };
	const struct prep_cmdline_context context = {
		"cmdline.txt", PREP_INITRD_INITRAMFS_TOOLS, &disk
	};

	prep_cmdline_check(&context, text, sizeof(text) - 1, &findings);
	prep_findings_free(&findings);
	check(PREP_INITRD_INITRAMFS_TOOLS, SERVER "root=\x1b[2J\a", &findings);
	assert_non_null(
		strstr(findings.warnings.items[0], "root=\x1b[2J\a and"));
	/* Every cut of a long line. */
	memset(all, 'x', sizeof(all));
	memcpy(all, SERVER "root=", strlen(SERVER "root="));
	prep_cmdline_check(&context, all, sizeof(all), &findings);
	assert_int_equal(findings.warnings.count, 3);
	assert_true(strlen(findings.warnings.items[1]) < 400);
	for (size_t length = 0; length < sizeof(text); length++)
		prep_cmdline_check(&context, text, length, &findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_pibootfs_prep_writes_is_good),
		cmocka_unit_test(without_nbd_nothing_else_matters),
		cmocka_unit_test(the_server_is_said_as_the_initrd_wants_it),
		cmocka_unit_test(there_is_one_server),
		cmocka_unit_test(the_server_is_said_in_a_form_that_works),
		cmocka_unit_test(dracut_has_a_form_of_its_own),
		cmocka_unit_test(root_is_a_partition_that_is_there),
		cmocka_unit_test(a_disk_may_have_no_partitions),
		cmocka_unit_test(the_network_is_set_up),
		cmocka_unit_test(a_cards_first_boot_is_left_out),
		cmocka_unit_test(only_the_first_line_counts),
		cmocka_unit_test(each_fault_is_said),
		cmocka_unit_test(hostile_words_are_cut_short_and_no_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
