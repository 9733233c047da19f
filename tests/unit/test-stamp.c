/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

#include "fake-time.h"
#include "scratch.h"
#include "unit.h"

static const struct pbf_stamp settled_stamp = {
	.device = 1,
	.inode = 2,
	.size_bytes = 3,
	.mtime_ns = 4,
	.ctime_ns = 5,
	.provable = true,
	.settled = true,
};

static struct scratch scratch;

static int setup(void **state)
{
	(void)state;
	fake_time_reset();
	scratch_make(&scratch);
	scratch_write(&scratch, "file", "content", 7);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static struct pbf_stamp stamp_of(const char *name)
{
	struct pbf_stamp stamp;
	int fd = openat(scratch.fd, name, O_RDONLY | O_CLOEXEC);

	assert_int_equal(pbf_stamp_of_descriptor(fd, &stamp), 0);
	close(fd);
	return stamp;
}

TEST(a_settled_stamp_that_is_the_same_afterwards_proves)
{
	struct pbf_stamp after = settled_stamp;

	assert_true(pbf_stamp_proves(&settled_stamp, &after));
}

TEST(only_the_earlier_stamp_has_to_be_settled_and_provable)
{
	struct pbf_stamp after = settled_stamp;

	after.provable = false;
	after.settled = false;
	assert_true(pbf_stamp_proves(&settled_stamp, &after));
	assert_false(pbf_stamp_proves(&after, &settled_stamp));
}

TEST(a_stamp_that_was_not_settled_proves_nothing)
{
	struct pbf_stamp before = settled_stamp;

	before.settled = false;
	assert_false(pbf_stamp_proves(&before, &settled_stamp));
}

TEST(a_stamp_of_such_a_file_system_proves_nothing)
{
	struct pbf_stamp before = settled_stamp;

	before.provable = false;
	assert_false(pbf_stamp_proves(&before, &settled_stamp));
}

TEST(any_difference_disproves)
{
	struct pbf_stamp others[5];

	for (size_t i = 0; i < 5; i++)
		others[i] = settled_stamp;
	others[0].device++;
	others[1].inode++;
	others[2].size_bytes++;
	others[3].mtime_ns++;
	others[4].ctime_ns++;
	for (size_t i = 0; i < 5; i++) {
		assert_false(pbf_stamp_equal(&settled_stamp, &others[i]));
		assert_false(pbf_stamp_proves(&settled_stamp, &others[i]));
	}
}

TEST(equality_is_of_file_size_and_times_alone)
{
	struct pbf_stamp other = settled_stamp;

	other.provable = false;
	other.settled = false;
	assert_true(pbf_stamp_equal(&settled_stamp, &other));
}

TEST(a_stamp_is_taken_from_the_file)
{
	struct pbf_stamp stamp = stamp_of("file");
	struct stat st;

	assert_int_equal(fstatat(scratch.fd, "file", &st, 0), 0);
	assert_int_equal(stamp.device, st.st_dev);
	assert_int_equal(stamp.inode, st.st_ino);
	assert_int_equal(stamp.size_bytes, 7);
	assert_int_equal(stamp.mtime_ns,
			 (int64_t)st.st_mtim.tv_sec * 1000000000 +
				 st.st_mtim.tv_nsec);
	assert_int_equal(stamp.ctime_ns,
			 (int64_t)st.st_ctim.tv_sec * 1000000000 +
				 st.st_ctim.tv_nsec);
}

TEST(a_path_has_the_stamp_of_its_file)
{
	struct pbf_stamp by_path, by_descriptor = stamp_of("file");

	scratch_link(&scratch, "file", "link");
	assert_int_equal(pbf_stamp_of_path(scratch.fd, "link", &by_path), 0);
	assert_true(pbf_stamp_equal(&by_path, &by_descriptor));
	assert_false(by_path.provable);
}

TEST(a_file_just_written_is_not_settled)
{
	assert_false(stamp_of("file").settled);
}

TEST(a_file_is_settled_when_its_last_change_is_two_seconds_old)
{
	fake_time_set_age(3);
	assert_true(stamp_of("file").settled);
}

TEST(a_file_from_the_future_is_not_settled)
{
	fake_time_set_age(-3600);
	assert_false(stamp_of("file").settled);
}

TEST(stamps_prove_on_file_systems_that_keep_them)
{
	fake_time_set_honest(true);
	assert_true(stamp_of("file").provable);
	assert_true(stamp_of(".").provable);
	fake_time_set_honest(false);
	assert_false(stamp_of("file").provable);
}

TEST(file_systems_of_one_host_keep_honest_stamps)
{
	static const unsigned int honest[] = { EXT4_SUPER_MAGIC,
					       0x58465342 /* XFS */,
					       BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
					       F2FS_SUPER_MAGIC };
	static const unsigned int others[] = {
		NFS_SUPER_MAGIC, FUSE_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
		CIFS_SUPER_MAGIC, MSDOS_SUPER_MAGIC
	};

	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++) {
		fake_time_set_file_system(honest[i]);
		assert_true(stamp_of("file").provable);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		fake_time_set_file_system(others[i]);
		assert_false(stamp_of("file").provable);
	}
}

TEST(a_device_has_no_stamp_that_proves)
{
	struct pbf_stamp stamp;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	fake_time_set_honest(true);
	assert_int_equal(pbf_stamp_of_descriptor(fd, &stamp), 0);
	assert_false(stamp.provable);
	close(fd);
}

TEST(what_is_not_there_has_no_stamp)
{
	struct pbf_stamp stamp;

	assert_int_equal(pbf_stamp_of_path(scratch.fd, "none", &stamp),
			 -ENOENT);
	assert_int_equal(pbf_stamp_of_descriptor(-1, &stamp), -EBADF);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_settled_stamp_that_is_the_same_afterwards_proves),
		CLAIM(only_the_earlier_stamp_has_to_be_settled_and_provable),
		CLAIM(a_stamp_that_was_not_settled_proves_nothing),
		CLAIM(a_stamp_of_such_a_file_system_proves_nothing),
		CLAIM(any_difference_disproves),
		CLAIM(equality_is_of_file_size_and_times_alone),
		CLAIM(a_stamp_is_taken_from_the_file),
		CLAIM(a_path_has_the_stamp_of_its_file),
		CLAIM(a_file_just_written_is_not_settled),
		CLAIM(a_file_is_settled_when_its_last_change_is_two_seconds_old),
		CLAIM(a_file_from_the_future_is_not_settled),
		CLAIM(stamps_prove_on_file_systems_that_keep_them),
		CLAIM(file_systems_of_one_host_keep_honest_stamps),
		CLAIM(a_device_has_no_stamp_that_proves),
		CLAIM(what_is_not_there_has_no_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
