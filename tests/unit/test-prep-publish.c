/* SPDX-License-Identifier: BSD-2-Clause */
/* Files; links are in test-prep-publish-link.c. */
#include "publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

static struct scratch scratch;

/* What the file system cannot do. */
static struct {
	bool no_nameless_files;
	bool no_fsync;
} lacks;

int openat(int directory_fd, const char *path, int flags, ...)
{
	va_list arguments;
	unsigned int mode = 0;

	va_start(arguments, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(arguments, unsigned int);
	va_end(arguments);
	if (lacks.no_nameless_files && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, directory_fd, path, flags, mode);
}

int fsync(int fd)
{
	if (lacks.no_fsync) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int setup(void **state)
{
	(void)state;
	memset(&lacks, 0, sizeof(lacks));
	umask(022);
	scratch_make(&scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", scratch.path, name);
	return path;
}

static struct prep_publish *start(const char *name)
{
	struct prep_publish *publish = NULL;
	struct pbf_reason why = { .text = "" };

	if (prep_publish_new(path_of(name), &publish, &why) < 0)
		fail_msg("%s", why.text);
	return publish;
}

static void fill(const struct prep_publish *publish, const char *text)
{
	assert_int_equal(write(prep_publish_fd(publish), text, strlen(text)),
			 strlen(text));
}

static void assert_text(const char *name, const char *expected)
{
	_cleanup_close_ int fd = openat(scratch.fd, name, O_RDONLY);
	char text[64] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, expected);
}

/* How many names there are in the directory. */
static unsigned int count_names(void)
{
	DIR *stream = opendir(scratch.path);
	unsigned int count = 0;

	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

static void replace_text(const char *name, const char *text)
{
	_cleanup_publish_ struct prep_publish *publish = start(name);

	fill(publish, text);
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
}

TEST(a_file_is_there_when_it_is_committed_and_not_before)
{
	_cleanup_publish_ struct prep_publish *publish = start("file");

	fill(publish, "new");
	assert_int_equal(faccessat(scratch.fd, "file", F_OK, 0), -1);
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_text("file", "new");
	assert_int_equal(count_names(), 1);
}

TEST(a_file_is_replaced_when_that_is_committed_and_not_before)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	scratch_write(&scratch, "file", "old", 3);
	publish = start("file");
	fill(publish, "new");
	assert_text("file", "old");
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_text("file", "new");
	assert_int_equal(count_names(), 1);
}

TEST(a_commit_can_be_taken_back)
{
	_cleanup_publish_ struct prep_publish *made = start("new");
	_cleanup_publish_ struct prep_publish *publish = NULL;
	struct stat st;

	assert_int_equal(prep_publish_revert(made, NULL), 0);
	assert_int_equal(prep_publish_commit(made, NULL), 0);
	scratch_write(&scratch, "file", "old text", 8);
	assert_int_equal(fchmodat(scratch.fd, "file", 0640, 0), 0);
	publish = start("file");
	fill(publish, "new");
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_int_equal(prep_publish_revert(publish, NULL), 0);
	assert_int_equal(prep_publish_revert(made, NULL), 0);
	assert_text("file", "old text");
	assert_int_equal(fstatat(scratch.fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_names(), 1);
}

TEST(what_is_not_committed_leaves_nothing)
{
	scratch_write(&scratch, "file", "old", 3);
	for (int i = 0; i < 2; i++) {
		struct prep_publish *publish = start("file");

		fill(publish, "new");
		prep_publish_free(publish);
		assert_text("file", "old");
		assert_int_equal(count_names(), 1);
		lacks.no_nameless_files = true;
	}
	prep_publish_free(NULL);
}

TEST(a_file_has_a_name_beside_the_target_where_it_needs_one)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	lacks.no_nameless_files = true;
	publish = start("file");
	assert_int_equal(count_names(), 1);
	fill(publish, "new");
	assert_int_equal(faccessat(scratch.fd, "file", F_OK, 0), -1);
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_text("file", "new");
	assert_int_equal(count_names(), 1);
}

TEST(a_killed_program_leaves_nothing)
{
	pid_t child = fork();

	if (child == 0) {
		fill(start("file"), "new");
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	assert_int_equal(count_names(), 0);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(scratch.fd, name, &st, 0), 0);
	return st.st_mode & 07777;
}

TEST(a_new_file_has_the_mode_of_any_new_file)
{
	for (int i = 0; i < 2; i++) {
		umask(027);
		replace_text("file", "new");
		assert_int_equal(mode_of("file"), 0640);
		scratch_unlink(&scratch, "file");
		lacks.no_nameless_files = true;
	}
}

TEST(a_file_keeps_its_mode)
{
	scratch_write(&scratch, "file", "old", 3);
	assert_int_equal(fchmodat(scratch.fd, "file", 0604, 0), 0);
	replace_text("file", "new");
	assert_int_equal(mode_of("file"), 0604);
}

TEST(a_file_keeps_its_owner_and_group)
{
	struct stat st;

	if (geteuid() != 0) {
		print_message("only root can give files away\n");
		skip();
	}
	scratch_write(&scratch, "file", "old", 3);
	assert_int_equal(fchownat(scratch.fd, "file", 12, 34, 0), 0);
	assert_int_equal(fchmodat(scratch.fd, "file", 04640, 0), 0);
	replace_text("file", "new");
	assert_int_equal(fstatat(scratch.fd, "file", &st, 0), 0);
	assert_int_equal(st.st_uid, 12);
	assert_int_equal(st.st_gid, 34);
	assert_int_equal(st.st_mode & 07777, 04640);
}

/* Runs as nobody what is expected to be refused, and returns how it was. */
static int start_as_nobody(const char *name, struct pbf_reason *why)
{
	int ends[2], error = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		struct prep_publish *publish;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
		error = prep_publish_new(path_of(name), &publish, why);
		if (write(ends[1], why, sizeof(*why)) < 0)
			_exit(1);
		_exit(-error);
	}
	assert_int_equal(read(ends[0], why, sizeof(*why)), sizeof(*why));
	close(ends[0]);
	close(ends[1]);
	waitpid(child, &error, 0);
	return -WEXITSTATUS(error);
}

TEST(an_owner_that_cannot_be_kept_is_a_refusal)
{
	struct pbf_reason why = { .text = "" };

	if (geteuid() != 0) {
		print_message("only root can become somebody else\n");
		skip();
	}
	assert_int_equal(fchmod(scratch.fd, 0777), 0);
	scratch_write(&scratch, "file", "old", 3);
	assert_int_equal(fchownat(scratch.fd, "file", 65534, 65534, 0), 0);
	assert_int_equal(start_as_nobody("file", &why), 0);
	assert_int_equal(fchownat(scratch.fd, "file", 12, 34, 0), 0);
	assert_int_equal(start_as_nobody("file", &why), -EPERM);
	assert_reason(why, PBF_REASON_NO_OFFSET, "belongs to user 12");
	assert_text("file", "old");
	assert_int_equal(count_names(), 1);
}

TEST(a_link_stays_and_what_it_leads_to_is_replaced)
{
	char target[8] = "";

	scratch_write(&scratch, "file", "old", 3);
	scratch_link(&scratch, "file", "link");
	scratch_link(&scratch, path_of("link"), "absolute");
	replace_text("absolute", "new");
	assert_text("file", "new");
	assert_int_equal(readlinkat(scratch.fd, "link", target, 8), 4);
	assert_string_equal(target, "file");
	assert_int_equal(count_names(), 3);
}

TEST(a_link_to_nothing_makes_what_it_leads_to)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	scratch_link(&scratch, "file", "link");
	publish = start("link");
	assert_string_equal(prep_publish_path(publish), path_of("file"));
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_text("file", "");
}

static void assert_not_started(const char *path, int error, const char *words)
{
	struct prep_publish *publish = NULL;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(prep_publish_new(path, &publish, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_null(publish);
}

TEST(a_link_to_itself_is_refused)
{
	scratch_link(&scratch, "b", "a");
	scratch_link(&scratch, "a", "b");
	assert_not_started(path_of("a"), -ELOOP, "leads to itself");
}

TEST(only_regular_files_are_replaced)
{
	scratch_mkdir(&scratch, "directory");
	assert_not_started(path_of("directory"), -EOPNOTSUPP,
			   "no regular file");
	assert_not_started(path_of("directory/"), -EISDIR, "is a directory");
	assert_not_started("/dev/null", -EOPNOTSUPP, "no regular file");
	assert_not_started(path_of("none/file"), -ENOENT, "none");
}

TEST(a_name_as_long_as_a_name_can_be_will_do)
{
	char name[NAME_MAX + 1] = "";

	memset(name, 'n', NAME_MAX);
	for (int i = 0; i < 2; i++) {
		replace_text(name, "new");
		assert_text(name, "new");
		lacks.no_nameless_files = true;
	}
}

static void assert_not_committed(struct prep_publish *publish, int error,
				 const char *words)
{
	struct pbf_reason why = { .text = "" };

	assert_int_equal(prep_publish_commit(publish, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
}

TEST(a_target_that_was_changed_meanwhile_is_left_alone)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	scratch_write(&scratch, "file", "old", 3);
	publish = start("file");
	scratch_write(&scratch, "file", "other", 5);
	assert_not_committed(publish, -ESTALE, "was changed by somebody");
	assert_text("file", "other");
}

TEST(a_target_that_was_made_meanwhile_is_left_alone)
{
	_cleanup_publish_ struct prep_publish *publish = start("file");

	scratch_write(&scratch, "file", "other", 5);
	assert_not_committed(publish, -ESTALE, "was made by somebody");
	assert_text("file", "other");
	assert_int_equal(count_names(), 1);
}

TEST(a_target_that_was_removed_meanwhile_stays_away)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	scratch_write(&scratch, "file", "old", 3);
	publish = start("file");
	scratch_unlink(&scratch, "file");
	assert_not_committed(publish, -ESTALE, "was removed by somebody");
	assert_int_equal(count_names(), 0);
}

TEST(what_cannot_be_synced_is_not_published)
{
	_cleanup_publish_ struct prep_publish *publish = NULL;

	scratch_write(&scratch, "file", "old", 3);
	publish = start("file");
	fill(publish, "new");
	lacks.no_fsync = true;
	assert_not_committed(publish, -EIO, "cannot be written to the disk");
	assert_text("file", "old");
	lacks.no_fsync = false;
	assert_int_equal(prep_publish_commit(publish, NULL), 0);
	assert_text("file", "new");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_file_is_there_when_it_is_committed_and_not_before),
		CLAIM(a_file_is_replaced_when_that_is_committed_and_not_before),
		CLAIM(a_commit_can_be_taken_back),
		CLAIM(what_is_not_committed_leaves_nothing),
		CLAIM(a_file_has_a_name_beside_the_target_where_it_needs_one),
		CLAIM(a_killed_program_leaves_nothing),
		CLAIM(a_new_file_has_the_mode_of_any_new_file),
		CLAIM(a_file_keeps_its_mode),
		CLAIM(a_file_keeps_its_owner_and_group),
		CLAIM(an_owner_that_cannot_be_kept_is_a_refusal),
		CLAIM(a_link_stays_and_what_it_leads_to_is_replaced),
		CLAIM(a_link_to_nothing_makes_what_it_leads_to),
		CLAIM(a_link_to_itself_is_refused),
		CLAIM(only_regular_files_are_replaced),
		CLAIM(a_name_as_long_as_a_name_can_be_will_do),
		CLAIM(a_target_that_was_changed_meanwhile_is_left_alone),
		CLAIM(a_target_that_was_made_meanwhile_is_left_alone),
		CLAIM(a_target_that_was_removed_meanwhile_stays_away),
		CLAIM(what_cannot_be_synced_is_not_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
