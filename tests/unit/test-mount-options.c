/* SPDX-License-Identifier: BSD-2-Clause */
#include "mount_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static struct options options;

/* What the last options were answered with on stderr. */
static char said[1024];

static int setup(void **state)
{
	(void)state;
	options = (struct options){ .mount_options = strdup("ro"),
				    .server = { .umask = 0,
						.uid = 77,
						.gid = 78,
						.image.partition = 79,
						.io_timeout_ms = 80,
						.snapshot_memory_bytes = 81 } };
	return options.mount_options ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(options.mount_options);
	return 0;
}

static bool take(const char *text)
{
	FILE *standard_error = stderr;
	char copy[512];
	bool taken;

	strncpy(copy, text, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	memset(said, 0, sizeof(said));
	stderr = fmemopen(said, sizeof(said) - 1, "w");
	taken = mount_options_take(&options, copy);
	fclose(stderr);
	stderr = standard_error;
	return taken;
}

static void assert_memory(const char *text, uint64_t bytes)
{
	assert_true(take(text));
	assert_int_equal(options.server.snapshot_memory_bytes, bytes);
}

TEST(snapshot_memory_is_in_bytes_or_with_a_unit)
{
	assert_memory("snapshot_memory=1", 1);
	assert_memory("snapshot_memory=3K", 3072);
	assert_memory("snapshot_memory=3k", 3072);
	assert_memory("snapshot_memory=64M", 64ull << 20);
	assert_memory("snapshot_memory=2g", 2ull << 30);
	assert_memory("snapshot_memory=1T", 1ull << 40);
}

TEST(snapshot_memory_can_be_a_part_of_the_ram)
{
	assert_memory("snapshot_memory=10%",
		      mount_options_ram_bytes() / 100 * 10);
}

TEST(snapshot_memory_that_is_no_size_is_refused)
{
	assert_false(take("snapshot_memory="));
	assert_false(take("snapshot_memory"));
	assert_false(take("snapshot_memory=0"));
	assert_false(take("snapshot_memory=0K"));
	assert_false(take("snapshot_memory=K"));
	assert_false(take("snapshot_memory=%"));
	assert_false(take("snapshot_memory=-1"));
	assert_false(take("snapshot_memory=1KB"));
	assert_false(take("snapshot_memory=1 K"));
	assert_false(take("snapshot_memory=1 "));
	assert_false(take("snapshot_memory=1X"));
	assert_false(take("snapshot_memory=0x10"));
}

TEST(snapshot_memory_does_not_wrap_around)
{
	assert_memory("snapshot_memory=16777215T", 16777215ull << 40);
	assert_false(take("snapshot_memory=16777216T"));
	assert_memory("snapshot_memory=18446744073709551615", UINT64_MAX);
	assert_false(take("snapshot_memory=18446744073709551616"));
	assert_false(take("snapshot_memory=1"
			  "0000000000000000000000000000000000000000"));
}

TEST(a_timeout_is_a_number_of_seconds)
{
	assert_true(take("io_timeout=1"));
	assert_int_equal(options.server.io_timeout_ms, 1000);
	assert_true(take("io_timeout=3600"));
	assert_int_equal(options.server.io_timeout_ms, 3600000);
	assert_false(take("io_timeout=0"));
	assert_false(take("io_timeout=3601"));
	assert_false(take("io_timeout=5s"));
	assert_false(take("io_timeout="));
	assert_int_equal(options.server.io_timeout_ms, 3600000);
}

TEST(a_partition_is_a_number)
{
	assert_true(take("partition=2"));
	assert_int_equal(options.server.image.partition, 2);
	assert_false(take("partition=0"));
	assert_false(take("partition=two"));
	assert_non_null(strstr(said, "\"partition=two\": value not"));
	assert_false(take("partition"));
	assert_int_equal(options.server.image.partition, 2);
}

TEST(config_txt_stands_in_for_tryboot_txt_or_not)
{
	assert_true(take("tryboot_alias=auto"));
	assert_true(options.server.image.tryboot_alias);
	assert_true(take("tryboot_alias=off"));
	assert_false(options.server.image.tryboot_alias);
	assert_false(take("tryboot_alias=on"));
	assert_false(take("tryboot_alias="));
	assert_false(take("tryboot_alias"));
}

static bool denies(const char *name)
{
	return pbf_deny_has(&options.server.deny, name, name);
}

TEST(names_are_denied_by_patterns_with_colons_between_them)
{
	assert_true(take("deny=user-data:*.key,partition=2,deny=*\\,v"));
	assert_true(denies("user-data") && denies("a.key") && denies("r,v"));
	assert_false(denies("v") || denies("a"));
	assert_int_equal(options.server.image.partition, 2);
}

TEST(a_pattern_that_is_refused_is_refused_with_the_reason)
{
	assert_false(take("deny=a::b"));
	assert_non_null(strstr(said, "\"deny=a::b\": an empty pattern"));
	assert_false(take("deny"));
	assert_false(take("deny="));
	assert_false(take("deny=/etc"));
	assert_non_null(strstr(said, "one name of a path"));
}

TEST(an_owner_is_a_number_or_a_name)
{
	assert_true(take("uid=1000,gid=1001"));
	assert_int_equal(options.server.uid, 1000);
	assert_int_equal(options.server.gid, 1001);
	assert_true(take("uid=root,gid=root"));
	assert_int_equal(options.server.uid, 0);
	assert_int_equal(options.server.gid, 0);
	assert_true(take("uid=4294967294,gid=4294967294"));
	assert_int_equal(options.server.uid, 4294967294);
}

TEST(an_owner_that_nobody_is_is_refused)
{
	assert_false(take("uid=nobody-has-this-name"));
	assert_false(take("gid=nobody-has-this-name"));
	assert_false(take("uid=4294967295")); /* -1 */
	assert_false(take("gid=4294967295"));
	assert_false(take("uid=-1"));
	assert_false(take("uid="));
	assert_int_equal(options.server.uid, 77);
	assert_int_equal(options.server.gid, 78);
}

TEST(a_umask_is_octal)
{
	assert_true(take("umask=027"));
	assert_int_equal(options.server.umask, 027);
	assert_true(take("umask=777"));
	assert_false(take("umask=1000"));
	assert_false(take("umask=8"));
	assert_false(take("umask=-1"));
}

TEST(a_umask_that_takes_something_away_has_the_kernel_check)
{
	assert_true(take("umask=000"));
	assert_false(options.server.default_permissions);
	assert_true(take("umask=007"));
	assert_true(options.server.default_permissions);
}

TEST(flags_are_set)
{
	assert_true(take("allow_other"));
	assert_true(options.allow_other);
	assert_false(options.server.default_permissions);
	assert_true(take("default_permissions"));
	assert_true(options.server.default_permissions);
}

TEST(our_own_options_are_not_passed_on)
{
	assert_true(take("partition=2,snapshot_memory=1M,io_timeout=1,uid=1,"
			 "gid=1,umask=0,allow_other,default_permissions"));
	assert_string_equal(options.mount_options, "ro");
}

TEST(a_flag_has_no_value)
{
	assert_false(take("allow_other=1"));
	assert_false(take("noexec=1"));
	assert_false(take("ro="));
}

TEST(options_for_the_kernel_are_passed_on)
{
	static const char passed[] = "noexec,fsname=pi,subtype=x,context=a,"
				     "fscontext=b,defcontext=c,rootcontext=d";

	assert_true(take(passed));
	assert_string_equal(options.mount_options + strlen("ro,"), passed);
}

TEST(options_of_mount_and_fstab_need_nothing_done)
{
	assert_true(take("ro,rw,dev,nodev,suid,nosuid,exec,sync,async,dirsync,"
			 "atime,noatime,diratime,nodiratime,relatime,"
			 "norelatime,strictatime,nostrictatime,lazytime,"
			 "nolazytime,defaults,auto,noauto,user,user=me,nouser,"
			 "users,owner,group,nofail,_netdev,comment=hi,"
			 "x-systemd.automount,x-systemd.idle-timeout=10,X-y"));
	assert_string_equal(options.mount_options, "ro");
}

TEST(only_mount_may_ask_for_a_remount_which_does_nothing)
{
	assert_false(take("remount"));
	assert_false(options.nothing_to_do);
	options.as_mount_helper = true;
	assert_true(take("remount,ro,user_id=0,group_id=0"));
	assert_true(options.nothing_to_do);
	assert_string_equal(options.mount_options, "ro");
}

TEST(an_unknown_option_is_refused_by_name)
{
	assert_false(take("allow_others"));
	assert_non_null(strstr(said, "unknown mount option \"allow_others\""));
	assert_false(take("allow"));
	assert_false(take("nofail,partitions=2"));
	assert_false(take("=2"));
	assert_false(take("x"));
}

TEST(what_stands_before_a_refused_option_is_taken)
{
	assert_false(take("partition=2,bogus,partition=3"));
	assert_int_equal(options.server.image.partition, 2);
}

TEST(empty_options_do_not_count)
{
	assert_true(take(""));
	assert_true(take(",,partition=2,,"));
	assert_int_equal(options.server.image.partition, 2);
}

TEST(an_escaped_comma_belongs_to_the_value)
{
	assert_true(take("fsname=a\\,b\\,c,partition=2"));
	assert_string_equal(options.mount_options, "ro,fsname=a\\,b\\,c");
	assert_int_equal(options.server.image.partition, 2);
	assert_true(take("fsname=end\\,"));
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(snapshot_memory_is_in_bytes_or_with_a_unit),
		CLAIM(snapshot_memory_can_be_a_part_of_the_ram),
		CLAIM(snapshot_memory_that_is_no_size_is_refused),
		CLAIM(snapshot_memory_does_not_wrap_around),
		CLAIM(a_timeout_is_a_number_of_seconds),
		CLAIM(a_partition_is_a_number),
		CLAIM(config_txt_stands_in_for_tryboot_txt_or_not),
		CLAIM(names_are_denied_by_patterns_with_colons_between_them),
		CLAIM(a_pattern_that_is_refused_is_refused_with_the_reason),
		CLAIM(an_owner_is_a_number_or_a_name),
		CLAIM(an_owner_that_nobody_is_is_refused),
		CLAIM(a_umask_is_octal),
		CLAIM(a_umask_that_takes_something_away_has_the_kernel_check),
		CLAIM(flags_are_set),
		CLAIM(our_own_options_are_not_passed_on),
		CLAIM(a_flag_has_no_value),
		CLAIM(options_for_the_kernel_are_passed_on),
		CLAIM(options_of_mount_and_fstab_need_nothing_done),
		CLAIM(only_mount_may_ask_for_a_remount_which_does_nothing),
		CLAIM(an_unknown_option_is_refused_by_name),
		CLAIM(what_stands_before_a_refused_option_is_taken),
		CLAIM(empty_options_do_not_count),
		CLAIM(an_escaped_comma_belongs_to_the_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
