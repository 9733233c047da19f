/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "dnsmasq_conf.h"
#include "nbd_conf.h"
#include "unit.h"

#define JAMMY                                                         \
	"[jammy]\nexportname = /srv/images/jammy.img\nflush = true\n" \
	"fua = true\ntrim = true\n"

static const struct prep_export jammy = { "jammy", "/srv/images/jammy.img" };

/* That BEFORE becomes AFTER, and that AFTER stays as it is. */
static void assert_export(const char *before, const struct prep_export *export,
			  const char *after)
{
	const char *text = before;
	struct prep_text result;

	for (int run = 0; run < 2; run++) {
		assert_int_equal(prep_nbd_conf_edit(text, strlen(text), export,
						    &result, NULL),
				 0);
		assert_string_equal(result.bytes, after);
		assert_int_equal(result.length, strlen(after));
		prep_text_free(&result);
		text = after;
	}
}

static void assert_no_export(const char *name, const char *path,
			     const char *words)
{
	const struct prep_export export = { name, path };
	struct prep_text result = { .length = 77 };
	struct pbf_reason why;

	assert_int_equal(prep_nbd_conf_edit("", 0, &export, &result, &why),
			 -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(result.length, 77);
}

TEST(an_export_is_a_section)
{
	assert_export("", &jammy, JAMMY);
}

#define GENERIC "# made by hand\n[generic]\n\tuser = nbd\n\n"
#define LAB "[lab]\nexportname=/dev/vg0/lab\nreadonly=true\n"

TEST(a_new_section_goes_to_the_end)
{
	assert_export(GENERIC LAB, &jammy, GENERIC LAB "\n" JAMMY);
	assert_export("[lab]\nexportname=/x", &jammy,
		      "[lab]\nexportname=/x\n\n" JAMMY);
	assert_export("flush=1\njammy]\n=\n", &jammy,
		      "flush=1\njammy]\n=\n\n" JAMMY);
	assert_export("# no section", &jammy, "# no section\n\n" JAMMY);
}

TEST(a_section_that_is_there_is_changed_where_it_is)
{
	const struct prep_export moved = { "jammy", "/srv/new.img" };

	assert_export(GENERIC JAMMY "\n# the lab\n" LAB, &moved,
		      GENERIC "[jammy]\nexportname = /srv/new.img\n"
			      "flush = true\nfua = true\ntrim = true\n"
			      "\n# the lab\n" LAB);
}

TEST(what_else_a_section_says_stays)
{
	assert_export(" [jammy] \n# here\n  exportname=\t/old.img  \n"
		      "maxconnections = 1\nflush = false\n\n# the lab\n" LAB,
		      &jammy,
		      " [jammy] \n# here\n  exportname=\t"
		      "/srv/images/jammy.img\n"
		      "maxconnections = 1\nflush = false\n"
		      "fua = true\ntrim = true\n\n# the lab\n" LAB);
	assert_export("[jammy]\n=\nflush=0\nfua=0\ntrim=0\n", &jammy,
		      "[jammy]\n=\nflush=0\nfua=0\ntrim=0\n"
		      "exportname = /srv/images/jammy.img\n");
	assert_export("[jammy]\n#exportname = /old.img\n\n" LAB, &jammy,
		      JAMMY "#exportname = /old.img\n\n" LAB);
}

TEST(a_section_that_is_there_twice_exports_one_path)
{
	assert_export("[jammy]\nexportname = /a\nexportname = /b\n" LAB
		      "[jammy]\nexportname = /c\ntrim = false\n",
		      &jammy,
		      "[jammy]\nexportname = /srv/images/jammy.img\n"
		      "flush = true\nfua = true\n" LAB
		      "[jammy]\ntrim = false\n");
	assert_export("[jammy]\n[lab]\n[jammy]\nexportname=/c\n", &jammy,
		      "[jammy]\nflush = true\nfua = true\ntrim = true\n"
		      "[lab]\n[jammy]\nexportname=/srv/images/jammy.img\n");
}

TEST(sections_of_similar_names_stay)
{
	assert_export("[jammy2]\nexportname=/x\n[Jammy]\nexportname=/y\n"
		      "[ jammy]\nexportname=/z\n[jamm]\n[jammy\n",
		      &jammy,
		      "[jammy2]\nexportname=/x\n[Jammy]\nexportname=/y\n"
		      "[ jammy]\nexportname=/z\n[jamm]\n[jammy\n\n" JAMMY);
}

TEST(line_breaks_of_nbd_server_are_those_of_the_file)
{
	assert_export("[lab]\r\nexportname=/x\r\n", &jammy,
		      "[lab]\r\nexportname=/x\r\n\r\n[jammy]\r\n"
		      "exportname = /srv/images/jammy.img\r\n"
		      "flush = true\r\nfua = true\r\ntrim = true\r\n");
	assert_export("[jammy]\r\nexportname=/x\r\nfua=no", &jammy,
		      "[jammy]\r\nexportname=/srv/images/jammy.img\r\n"
		      "fua=no\r\nflush = true\r\ntrim = true\r\n");
	assert_export("[jammy]\nflush=1\nfua=1\ntrim=1\nexportname=/x", &jammy,
		      "[jammy]\nflush=1\nfua=1\ntrim=1\n"
		      "exportname=/srv/images/jammy.img");
}

TEST(a_path_is_written_so_that_it_is_read_again)
{
	const struct prep_export export = { "a b.c", "/s v/#;=\\n\"\xc3\xa4 " };

	assert_export("", &export,
		      "[a b.c]\nexportname = /s v/#;=\\\\n\"\xc3\xa4\\s\n"
		      "flush = true\nfua = true\ntrim = true\n");
}

TEST(a_path_that_nbd_server_cannot_have_is_refused)
{
	char path[4098];
	const struct prep_export longest = { "jammy", path + 2 };
	struct prep_text result;

	assert_no_export("jammy", "jammy.img", "does not begin with a slash");
	assert_no_export("jammy", "", "does not begin with a slash");
	assert_no_export("jammy", "/a\nb", "has a control character");
	assert_no_export("jammy", "/100%.img", "has a % or is not UTF-8");
	assert_no_export("jammy", "/\x80.img", "has a % or is not UTF-8");
	assert_no_export("jammy", "/\xff.img", "has a % or is not UTF-8");
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_no_export("jammy", path + 1, "is too long");
	assert_int_equal(prep_nbd_conf_edit("", 0, &longest, &result, NULL), 0);
	prep_text_free(&result);
}

TEST(a_name_that_nbd_server_cannot_have_is_refused)
{
	static const char *const names[] = { "a/b",  "a]", "[a", "a\tb",
					     "\xff", " a", "a ", "a\x7f" };
	char name[257];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_no_export(names[i], "/x", "would not understand");
	assert_no_export("", "/x", "empty or too long");
	assert_no_export("generic", "/x", "nbd-server's own section");
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_no_export(name, "/x", "empty or too long");
	name[255] = '\0';

	const struct prep_export longest = { name, "/x" };
	struct prep_text result;

	assert_int_equal(prep_nbd_conf_edit("", 0, &longest, &result, NULL), 0);
	prep_text_free(&result);
}

static void assert_said(const char *text, const char *path, bool is_read_only)
{
	struct prep_export_said said;

	assert_int_equal(prep_nbd_conf_look(text, strlen(text), "jammy", &said),
			 0);
	if (path)
		assert_string_equal(said.path, path);
	else
		assert_null(said.path);
	assert_int_equal(said.is_read_only, is_read_only);
	prep_export_said_release(&said);
}

TEST(an_export_that_is_there_is_found)
{
	assert_said(JAMMY, "/srv/images/jammy.img", false);
	assert_said(LAB, NULL, false);
	assert_said("exportname=/x\n[jammy]\n#exportname=/y\n", NULL, false);
	assert_said("[jammy]\nexportname = \\sa\\\\b\\t\\q\\s \nreadonly = 1",
		    " a\\b\t\\q ", true);
	assert_said("[jammy]\nexportname=/x\nreadonly=true\n" LAB
		    "[jammy]\nexportname=/y\r\nreadonly=false\n",
		    "/y", false);
}

TEST(other_bytes_in_the_file_of_nbd_server_stay)
{
	static const char before[] = "[lab]\n\0\xff\n";
	static const char after[] = "[lab]\n\0\xff\n\n" JAMMY;
	struct prep_text result;

	assert_int_equal(prep_nbd_conf_edit(before, sizeof(before) - 1, &jammy,
					    &result, NULL),
			 0);
	assert_int_equal(result.length, sizeof(after) - 1);
	assert_memory_equal(result.bytes, after, sizeof(after));
	prep_text_free(&result);
}

#define BEGIN "# pibootfs: begin; pibootfs-prep writes these lines anew\n"
#define END "# pibootfs: end\n"
#define PXE "pxe-service=0,\"Raspberry Pi Boot\"\n"
#define TFTP "enable-tftp\ntftp-root=/srv/tftp\ntftp-no-fail\n"
#define BLOCK BEGIN "dhcp-range=192.168.1.0,proxy\n" PXE TFTP END

#define CRLF_BLOCK                                                     \
	"# pibootfs: begin; pibootfs-prep writes these lines anew\r\n" \
	"enable-tftp\r\ntftp-root=/srv/tftp\r\ntftp-no-fail\r\n"       \
	"# pibootfs: end\r\n"

static const struct prep_tftp lan = { .root = "/srv/tftp",
				      .subnet = "192.168.1.0" };

static void assert_tftp(const char *before, const struct prep_tftp *tftp,
			const char *after)
{
	const char *text = before;
	struct prep_text result;

	for (int run = 0; run < 2; run++) {
		assert_int_equal(prep_dnsmasq_conf_edit(text, strlen(text),
							tftp, &result, NULL),
				 0);
		assert_string_equal(result.bytes, after);
		assert_int_equal(result.length, strlen(after));
		prep_text_free(&result);
		text = after;
	}
}

static void assert_no_tftp(const char *text, const struct prep_tftp *tftp,
			   int error, const char *words)
{
	struct prep_text result = { .length = 77 };
	struct pbf_reason why;

	assert_int_equal(
		prep_dnsmasq_conf_edit(text, strlen(text), tftp, &result, &why),
		error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(result.length, 77);
}

TEST(dnsmasq_gets_a_block)
{
	assert_tftp("", &lan, BLOCK);
	assert_tftp("log-dhcp\n", &lan, "log-dhcp\n" BLOCK);
	assert_tftp("log-dhcp", &lan, "log-dhcp\n" BLOCK);
}

TEST(the_block_is_replaced_where_it_is)
{
	assert_tftp("a\n" BEGIN "tftp-root=/old\n" END "b", &lan,
		    "a\n" BLOCK "b");
	assert_tftp("a\n# pibootfs: begin\n# pibootfs: end", &lan, "a\n" BLOCK);
}

TEST(a_block_without_its_begin_or_its_end_is_refused)
{
	static const char *const texts[] = { BEGIN,	    END,
					     END BEGIN,	    BEGIN BEGIN END,
					     BEGIN END END, BLOCK BLOCK };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_no_tftp(texts[i], &lan, -EUCLEAN,
			       "remove what is left of that block");
}

TEST(a_subnet_may_have_a_mask)
{
	struct prep_tftp tftp = lan;

	tftp.subnet = "192.168.1.10/24";
	assert_tftp(
		"", &tftp,
		BEGIN
		"dhcp-range=192.168.1.0,proxy,255.255.255.0\n" PXE TFTP END);
	tftp.subnet = "10.9.8.7/1";
	assert_tftp("", &tftp,
		    BEGIN "dhcp-range=0.0.0.0,proxy,128.0.0.0\n" PXE TFTP END);
	tftp.subnet = "10.255.8.7/9";
	assert_tftp("", &tftp,
		    BEGIN
		    "dhcp-range=10.128.0.0,proxy,255.128.0.0\n" PXE TFTP END);
	tftp.subnet = "10.9.8.7/30";
	assert_tftp("", &tftp,
		    BEGIN
		    "dhcp-range=10.9.8.4,proxy,255.255.255.252\n" PXE TFTP END);
	tftp.subnet = NULL;
	assert_tftp("", &tftp, BEGIN TFTP END);
}

TEST(what_is_no_subnet_is_refused)
{
	static const char *const subnets[] = {
		"",
		"192.168.1",
		"192.168.1.0/",
		"192.168.1.0/0",
		"192.168.1.0/31",
		"192.168.1.0/24x",
		"192.168.1.0/-1",
		"fd00::/64",
		"192.168.1.256",
		"0.0.0.0",
		"192.168.1.100000",

		"192.168.1.0,static",
	};
	struct prep_tftp tftp = lan;

	for (size_t i = 0; i < sizeof(subnets) / sizeof(subnets[0]); i++) {
		tftp.subnet = subnets[i];
		assert_no_tftp("", &tftp, -EINVAL, "is not of the form");
	}
}

TEST(an_interface_is_the_only_one)
{
	struct prep_tftp tftp = { .root = "/srv/tftp", .interface = "eth0.10" };

	assert_tftp("", &tftp,
		    BEGIN "interface=eth0.10\nbind-dynamic\n" TFTP END);
	assert_tftp(" bind-interfaces # here\n", &tftp,
		    " bind-interfaces # here\n" BEGIN
		    "interface=eth0.10\n" TFTP END);
	assert_tftp("bind-dynamic\n", &tftp,
		    "bind-dynamic\n" BEGIN "interface=eth0.10\n" TFTP END);
	assert_tftp("#bind-dynamic\nbind-dynamics\n", &tftp,
		    "#bind-dynamic\nbind-dynamics\n" BEGIN
		    "interface=eth0.10\nbind-dynamic\n" TFTP END);
}

TEST(what_is_no_interface_is_refused)
{
	static const char *const names[] = { "",       "eth0,eth1",
					     "eth 0",  "eth*",
					     "a/b",    "eth0:1",
					     "eth0\n", "abcdefghijklmnop" };
	struct prep_tftp tftp = lan;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tftp.interface = names[i];
		assert_no_tftp("", &tftp, -EINVAL, "the interface");
	}
	tftp.interface = "abcdefghijklmno";
	assert_tftp("", &tftp,
		    BEGIN "interface=abcdefghijklmno\nbind-dynamic\n"
			  "dhcp-range=192.168.1.0,proxy\n" PXE TFTP END);
}

/* dnsmasq ends with an error when it is told of its port twice. */
TEST(dns_is_left_out_unless_its_port_is_said)
{
	struct prep_tftp tftp = { .root = "/srv/tftp", .is_without_dns = true };

	assert_tftp("#port=5353\nport-limit=3\n", &tftp,
		    "#port=5353\nport-limit=3\n" BEGIN "port=0\n" TFTP END);
	assert_tftp("port = 5353\n", &tftp, "port = 5353\n" BEGIN TFTP END);
	assert_tftp("port\r", &tftp, "port\r\r\n" CRLF_BLOCK);
	assert_tftp(BEGIN "port=0\n" END, &tftp, BEGIN "port=0\n" TFTP END);
}

TEST(a_path_with_blanks_or_commas_is_quoted)
{
	struct prep_tftp tftp = { .root = "/a b,#\"\\n" };
	char path[402];
	struct prep_text result;

	assert_tftp("", &tftp,
		    BEGIN "enable-tftp\ntftp-root=\"/a b,#\\\"\\\\n\"\n"
			  "tftp-no-fail\n" END);
	tftp.root = "srv/tftp";
	assert_no_tftp("", &tftp, -EINVAL, "does not begin with a slash");
	tftp.root = "/srv\n";
	assert_no_tftp("", &tftp, -EINVAL, "has a control character");
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	tftp.root = path;
	assert_no_tftp("", &tftp, -EINVAL, "is too long");
	tftp.root = path + 1;
	assert_int_equal(prep_dnsmasq_conf_edit("", 0, &tftp, &result, NULL),
			 0);
	prep_text_free(&result);
}

TEST(line_breaks_of_dnsmasq_are_those_of_the_file)
{
	const struct prep_tftp tftp = { .root = "/srv/tftp" };

	assert_tftp("a\r\n# pibootfs: begin\r\n# pibootfs: end\r\nb\r\n", &tftp,
		    "a\r\n" CRLF_BLOCK "b\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_export_is_a_section),
		cmocka_unit_test(a_new_section_goes_to_the_end),
		cmocka_unit_test(
			a_section_that_is_there_is_changed_where_it_is),
		cmocka_unit_test(what_else_a_section_says_stays),
		cmocka_unit_test(
			a_section_that_is_there_twice_exports_one_path),
		cmocka_unit_test(sections_of_similar_names_stay),
		cmocka_unit_test(
			line_breaks_of_nbd_server_are_those_of_the_file),
		cmocka_unit_test(a_path_is_written_so_that_it_is_read_again),
		cmocka_unit_test(a_path_that_nbd_server_cannot_have_is_refused),
		cmocka_unit_test(a_name_that_nbd_server_cannot_have_is_refused),
		cmocka_unit_test(an_export_that_is_there_is_found),
		cmocka_unit_test(other_bytes_in_the_file_of_nbd_server_stay),
		cmocka_unit_test(dnsmasq_gets_a_block),
		cmocka_unit_test(the_block_is_replaced_where_it_is),
		cmocka_unit_test(
			a_block_without_its_begin_or_its_end_is_refused),
		cmocka_unit_test(a_subnet_may_have_a_mask),
		cmocka_unit_test(what_is_no_subnet_is_refused),
		cmocka_unit_test(an_interface_is_the_only_one),
		cmocka_unit_test(what_is_no_interface_is_refused),
		cmocka_unit_test(dns_is_left_out_unless_its_port_is_said),
		cmocka_unit_test(a_path_with_blanks_or_commas_is_quoted),
		cmocka_unit_test(line_breaks_of_dnsmasq_are_those_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
