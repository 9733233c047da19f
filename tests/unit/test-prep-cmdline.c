/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_cmdline.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

#define UBUNTU_BEGIN "console=serial0,115200 dwc_otg.lpm_enable=0 console=tty1 "
#define UBUNTU_END " rootfstype=ext4 rootwait fixrtc quiet splash\n"
#define UBUNTU UBUNTU_BEGIN "root=LABEL=writable" UBUNTU_END

#define NBD "ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2"

static const struct prep_nbd_root jammy = {
	.initramfs = PREP_INITRAMFS_TOOLS,
	.host = "192.168.1.10",
	.export_name = "jammy",
	.partition = 2,
};

static const struct prep_nbd_root resolute = {
	.initramfs = PREP_INITRAMFS_DRACUT,
	.host = "192.168.1.10",
	.export_name = "resolute",
	.partition = 2,
};

static struct prep_cmdline edit(const char *text, size_t length,
				const struct prep_nbd_root *root)
{
	struct prep_cmdline cmdline;
	struct pbf_reason why = { .text = "" };

	if (prep_cmdline_edit(text, length, root, &cmdline, &why) != 0)
		fail_msg("\"%s\" is refused: %s", text, why.text);
	return cmdline;
}

/* DROPPED has what is dropped with a '|' between. */
static void assert_edit(const char *before, const struct prep_nbd_root *root,
			const char *after, const char *dropped)
{
	struct prep_cmdline cmdline = edit(before, strlen(before), root);
	char notes[1024] = "";

	assert_string_equal(cmdline.text.bytes, after);
	assert_int_equal(cmdline.text.length, strlen(after));
	for (size_t i = 0; i < cmdline.dropped_count; i++) {
		size_t used = strlen(notes);

		snprintf(notes + used, sizeof(notes) - used, "%s%s",
			 i > 0 ? "|" : "", cmdline.dropped[i]);
	}
	assert_string_equal(notes, dropped);
	prep_cmdline_free(&cmdline);
	/* What it made is as it wants it. */
	cmdline = edit(after, strlen(after), root);
	assert_string_equal(cmdline.text.bytes, after);
	assert_int_equal(cmdline.dropped_count, 0);
	prep_cmdline_free(&cmdline);
}

static void assert_jammy(const char *before, const char *after)
{
	assert_edit(before, &jammy, after, "");
}

static void assert_refused(const char *text, const struct prep_nbd_root *root,
			   int error, const char *words)
{
	struct prep_cmdline cmdline = { .dropped_count = 77 };
	struct pbf_reason why;

	assert_int_equal(
		prep_cmdline_edit(text, strlen(text), root, &cmdline, &why),
		error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(cmdline.dropped_count, 77);
}

TEST(an_ubuntu_image_gets_its_root_from_nbd)
{
	assert_jammy(UBUNTU, UBUNTU_BEGIN NBD UBUNTU_END);
}

TEST(a_raspberry_pi_os_image_loses_its_first_boot)
{
	assert_edit("console=serial0,115200 console=tty1 "
		    "root=PARTUUID=197e9b42-02 rootfstype=ext4 "
		    "fsck.repair=yes rootwait quiet "
		    "init=/usr/lib/raspberrypi-sys-mods/firstboot\n",
		    &jammy,
		    "console=serial0,115200 console=tty1 " NBD
		    " rootfstype=ext4 fsck.repair=yes rootwait quiet\n",
		    "init=/usr/lib/raspberrypi-sys-mods/firstboot");
	assert_edit("root=PARTUUID=4d3ee428-02 rootwait quiet "
		    "init=/usr/lib/raspi-config/init_resize.sh\n",
		    &jammy, NBD " rootwait quiet\n",
		    "init=/usr/lib/raspi-config/init_resize.sh");
	assert_edit("resize root=/dev/mmcblk0p2 rootwait\n", &jammy,
		    NBD " rootwait\n", "resize");
}

TEST(another_init_and_what_only_looks_like_resize_stay)
{
	assert_jammy("root=/dev/sda2 init=/bin/sh resize=1 resize2 noresize",
		     NBD " init=/bin/sh resize=1 resize2 noresize");
	assert_jammy("root=/dev/sda2 systemd.run=/boot/firstrun.sh quiet",
		     NBD " systemd.run=/boot/firstrun.sh quiet");
}

TEST(an_image_with_dracut_gets_the_words_of_dracut)
{
	assert_edit(UBUNTU, &resolute,
		    UBUNTU_BEGIN
		    "ip=dhcp netroot=nbd:192.168.1.10:resolute rd.neednet=1 "
		    "root=/dev/nbd0p2" UBUNTU_END,
		    "");
}

TEST(the_words_of_the_other_initrd_are_dropped)
{
	assert_edit("ip=dhcp nbdroot=192.168.1.9/a root=/dev/nbd0p2 quiet\n",
		    &resolute,
		    "ip=dhcp netroot=nbd:192.168.1.10:resolute rd.neednet=1 "
		    "root=/dev/nbd0p2 quiet\n",
		    "nbdroot=192.168.1.9/a");
	assert_edit("netroot=nbd:192.168.1.9:a root=/dev/nbd0p2 quiet\n",
		    &jammy, NBD " quiet\n", "netroot=nbd:192.168.1.9:a");
	assert_edit("root=/dev/nbd0p2 nbddev=/dev/nbd1\n", &jammy, NBD "\n",
		    "nbddev=/dev/nbd1");
}

TEST(a_new_host_changes_the_host_and_nothing_else)
{
	struct prep_nbd_root moved = jammy;

	moved.host = "10.0.0.7";
	assert_edit(
		UBUNTU_BEGIN NBD UBUNTU_END, &moved,
		UBUNTU_BEGIN
		"ip=dhcp nbdroot=10.0.0.7/jammy root=/dev/nbd0p2" UBUNTU_END,
		"");
	moved = resolute;
	moved.host = "10.0.0.7";
	assert_edit("a netroot=nbd:192.168.1.10:resolute b root=/dev/nbd0p2 "
		    "rd.neednet=1 ip=dhcp c",
		    &moved,
		    "a netroot=nbd:10.0.0.7:resolute b root=/dev/nbd0p2 "
		    "rd.neednet=1 ip=dhcp c",
		    "");
}

/* As by nobodd-prep, after which the last nbdroot= counts, the oldest. */
TEST(parameters_that_piled_up_become_one_each)
{
	assert_edit("ip=dhcp nbdroot=10.0.0.7/jammy root=/dev/nbd0p2 ip=dhcp "
		    "nbdroot=192.168.1.9/jammy console=tty1 root=/dev/nbd0p2\n",
		    &jammy, NBD " console=tty1\n",
		    "ip=dhcp|nbdroot=192.168.1.9/jammy|root=/dev/nbd0p2");
}

TEST(other_parameters_may_be_there_twice)
{
	assert_jammy("console=tty1 console=ttyS0 root=/dev/sda2 console=tty1",
		     "console=tty1 console=ttyS0 " NBD " console=tty1");
}

TEST(what_only_begins_alike_stays)
{
	assert_jammy("ipv6.disable=1 rootdelay=5 rootflags=noatime ip "
		     "root nfsroot=x rd.neednet=1 nbdroots=x root=/dev/sda2",
		     "ipv6.disable=1 rootdelay=5 rootflags=noatime ip "
		     "root nfsroot=x rd.neednet=1 nbdroots=x " NBD);
}

TEST(an_address_that_was_given_stays)
{
	assert_jammy("ip=192.168.1.50::192.168.1.1:255.255.255.0:lab:eth0:off "
		     "root=/dev/sda2\n",
		     "ip=192.168.1.50::192.168.1.1:255.255.255.0:lab:eth0:off "
		     "nbdroot=192.168.1.10/jammy root=/dev/nbd0p2\n");
	assert_edit("ip=dhcp root=/dev/sda2 ip=:::::eth0:dhcp\n", &jammy,
		    "nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 "
		    "ip=:::::eth0:dhcp\n",
		    "ip=dhcp");
	assert_edit("ip=eth0:dhcp ip=eth1:dhcp ip=off root=/dev/sda2\n", &jammy,
		    "ip=eth1:dhcp nbdroot=192.168.1.10/jammy "
		    "root=/dev/nbd0p2\n",
		    "ip=eth0:dhcp|ip=off");
	assert_jammy("ip=any ip6=off root=/dev/sda2",
		     "ip=any ip6=off nbdroot=192.168.1.10/jammy "
		     "root=/dev/nbd0p2");
	assert_jammy("ip=both root=/dev/sda2",
		     "ip=both nbdroot=192.168.1.10/jammy root=/dev/nbd0p2");
	assert_jammy("ip=off root=/dev/sda2", NBD);
	assert_jammy("ip=none root=/dev/sda2", NBD);
	assert_jammy("ip= root=/dev/sda2", NBD);
}

TEST(an_address_can_be_given)
{
	struct prep_nbd_root root = jammy;

	root.ip = "on";
	assert_edit("ip=dhcp root=/dev/sda2", &root,
		    "ip=on nbdroot=192.168.1.10/jammy root=/dev/nbd0p2", "");
	root.ip = "dhcp quiet";
	assert_refused("root=/dev/sda2", &root, -EINVAL,
		       "ip= cannot have the value \"dhcp quiet\"");
	root.ip = "";
	assert_refused("root=/dev/sda2", &root, -EINVAL, "ip= cannot");
}

TEST(the_end_of_the_line_stays_as_it_is)
{
	assert_jammy("root=/dev/sda2", NBD);
	assert_jammy("root=/dev/sda2\n", NBD "\n");
	assert_jammy("root=/dev/sda2\r\n", NBD "\r\n");
	assert_jammy("root=/dev/sda2 \n", NBD " \n");
	assert_jammy("root=/dev/sda2\n\n", NBD "\n\n");
	assert_jammy("quiet \r\n", "quiet " NBD " \r\n");
}

TEST(an_empty_file_is_filled)
{
	assert_jammy("", NBD);
	assert_jammy("\n", NBD "\n");
	assert_jammy("\r\n", NBD "\r\n");
	assert_jammy(" \n", NBD "\n");
}

TEST(the_blanks_between_parameters_stay)
{
	assert_jammy("  quiet\t root=/dev/sda2  splash",
		     "  quiet ip=dhcp nbdroot=192.168.1.10/jammy\t "
		     "root=/dev/nbd0p2  splash");
	assert_edit("resize  quiet root=/dev/sda2", &jammy, "quiet " NBD,
		    "resize");
}

TEST(quotes_protect_blanks)
{
	assert_jammy("dyndbg=\"file a.c +p; resize root=x\" root=\"/dev/x y\" "
		     "\"a b\"c d",
		     "dyndbg=\"file a.c +p; resize root=x\" " NBD
		     " \"a b\"c d");
	assert_jammy("\"root=LABEL=my disk\" quiet", NBD " quiet");
}

TEST(a_quote_without_an_end_is_refused)
{
	assert_jammy("root=/dev/sda2 a=\"b\"", NBD " a=\"b\"");
	assert_refused("root=/dev/sda2 a=\"b", &jammy, -EUCLEAN,
		       "a quotation mark in it has no end");
}

TEST(what_is_for_init_stays_behind_its_dashes)
{
	assert_jammy("quiet -- single", "quiet " NBD " -- single");
	assert_edit("quiet -- root=/dev/sda2", &jammy, "quiet " NBD " --",
		    "root=/dev/sda2");
	assert_jammy("root=/dev/sda2 --quiet", NBD " --quiet");
	assert_jammy("root=/dev/sda2 -- resize init=/bin/sh",
		     NBD " -- resize init=/bin/sh");
}

/* An initrd's scripts take the last of all words of /proc/cmdline. */
TEST(what_is_for_the_initrd_does_not_stay_behind_the_dashes)
{
	assert_edit("ip=dhcp root=/dev/sda2 -- ip=10.0.0.1 nbdroot=x/y", &jammy,
		    NBD " --", "ip=10.0.0.1|nbdroot=x/y");
}

TEST(lines_behind_the_first_are_dropped)
{
	assert_edit("root=/dev/sda2\nnbdroot=10.0.0.1/x\n\r\nquiet x\n", &jammy,
		    NBD "\n", "nbdroot=10.0.0.1/x|quiet x");
	assert_edit("root=/dev/sda2\r\nqu\x1b[31miet", &jammy, NBD "\r\n",
		    "qu\x1b[31miet");
}

TEST(comments_ahead_of_the_line_stay)
{
	assert_jammy("# 1. root=x\n#2.\nroot=/dev/sda2\n",
		     "# 1. root=x\n#2.\n" NBD "\n");
	assert_jammy("# 1.\n\n\nquiet\n", "# 1.\nquiet " NBD "\n");
	assert_jammy("\n\nquiet\n", "quiet " NBD "\n");
	assert_jammy("# 1.\n", "# 1.\n" NBD);
	assert_jammy("# 1.\r\n\r\n", "# 1.\r\n" NBD "\r\n");
	assert_jammy("# 1.", "# 1.\n" NBD);
}

TEST(what_would_make_the_line_a_comment_is_dropped)
{
	assert_edit("resize #quiet root=/dev/sda2", &jammy, NBD,
		    "resize|#quiet");
	assert_jammy("quiet #splash root=/dev/sda2", "quiet #splash " NBD);
}

TEST(bytes_that_are_no_text_stay)
{
	static const char before[] = "a\0b \xff\xfe root=x\0y";
	static const char after[] = "a\0b \xff\xfe " NBD;
	struct prep_cmdline cmdline = edit(before, sizeof(before) - 1, &jammy);

	assert_int_equal(cmdline.text.length, sizeof(after) - 1);
	assert_memory_equal(cmdline.text.bytes, after, sizeof(after));
	prep_cmdline_free(&cmdline);
}

TEST(a_line_that_is_longer_than_any_kernel_reads_is_refused)
{
	static char text[65538];

	memset(text, 'x', sizeof(text) - 1);
	assert_refused(text, &jammy, -EUCLEAN, "longer than 65536 bytes");
	text[65536] = '\0';
	struct prep_cmdline cmdline = edit(text, 65536, &jammy);

	assert_int_equal(cmdline.text.length, 65536 + strlen(" " NBD));
	prep_cmdline_free(&cmdline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ubuntu_image_gets_its_root_from_nbd),
		cmocka_unit_test(a_raspberry_pi_os_image_loses_its_first_boot),
		cmocka_unit_test(
			another_init_and_what_only_looks_like_resize_stay),
		cmocka_unit_test(an_image_with_dracut_gets_the_words_of_dracut),
		cmocka_unit_test(the_words_of_the_other_initrd_are_dropped),
		cmocka_unit_test(a_new_host_changes_the_host_and_nothing_else),
		cmocka_unit_test(parameters_that_piled_up_become_one_each),
		cmocka_unit_test(other_parameters_may_be_there_twice),
		cmocka_unit_test(what_only_begins_alike_stays),
		cmocka_unit_test(an_address_that_was_given_stays),
		cmocka_unit_test(an_address_can_be_given),
		cmocka_unit_test(the_end_of_the_line_stays_as_it_is),
		cmocka_unit_test(an_empty_file_is_filled),
		cmocka_unit_test(the_blanks_between_parameters_stay),
		cmocka_unit_test(quotes_protect_blanks),
		cmocka_unit_test(a_quote_without_an_end_is_refused),
		cmocka_unit_test(what_is_for_init_stays_behind_its_dashes),
		cmocka_unit_test(
			what_is_for_the_initrd_does_not_stay_behind_the_dashes),
		cmocka_unit_test(lines_behind_the_first_are_dropped),
		cmocka_unit_test(comments_ahead_of_the_line_stay),
		cmocka_unit_test(what_would_make_the_line_a_comment_is_dropped),
		cmocka_unit_test(bytes_that_are_no_text_stay),
		cmocka_unit_test(
			a_line_that_is_longer_than_any_kernel_reads_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
