/* SPDX-License-Identifier: BSD-2-Clause */
#include "in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"
#include "unit.h"

#define IMAGE_BYTES (1u << 20)
#define PROCESSES "a process has the emulator's name, which is QEMU's"

static struct scratch scratch;
static char path[128];

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "image");
	scratch_truncate(&scratch, "image", IMAGE_BYTES);
	snprintf(path, sizeof(path), "%s/image", scratch.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

/* What the next one is called; NULL: as this one. */
static const char *user_command;

/* Another process that has a file open; killed and waited for at the end. */
static pid_t start_user(const char *name, int flags)
{
	int ends[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		int fd;

		/* A test that fails must not leave it behind, ... */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (user_command)
			prctl(PR_SET_NAME, user_command);
		fd = openat(scratch.fd, name, flags);
		/* ... and what it inherited is nobody's. */
		for (int i = 3; i < 64; i++)
			if (i != fd && i != ends[1])
				close(i);
		if (fd < 0 || write(ends[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void end_user(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void assert_free(const char *of)
{
	struct pbf_reason why = { .text = "" };
	size_t unseen;

	if (image_in_use(of, &unseen, &why) != 0)
		fail_msg("%s", why.text);
}

static void assert_in_use(const char *of, const char *words)
{
	struct pbf_reason why = { .text = "" };
	size_t unseen;

	assert_int_equal(image_in_use(of, &unseen, &why), -EBUSY);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
}

TEST(an_image_that_nobody_has_open_is_free)
{
	assert_free(path);
}

TEST(a_process_that_can_write_to_it_is_named)
{
	const int flags[] = { O_WRONLY, O_RDWR, O_WRONLY | O_APPEND };

	SKIP_WHERE_EMULATED(PROCESSES);
	for (size_t i = 0; i < 3; i++) {
		pid_t child = start_user("image", flags[i]);
		char words[64];

		snprintf(words, sizeof(words), "process %d (test-prep-in-us",
			 child);
		assert_in_use(path, words);
		end_user(child);
		assert_free(path);
	}
}

TEST(a_process_that_can_only_read_it_does_no_harm)
{
	pid_t child;

	SKIP_WHERE_EMULATED(PROCESSES);
	child = start_user("image", O_RDONLY);
	assert_free(path);
	end_user(child);
}

TEST(this_process_does_not_count)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_free(path);
}

TEST(another_image_does_not_count)
{
	pid_t child;

	scratch_touch(&scratch, "other");
	child = start_user("other", O_RDWR);
	assert_free(path);
	end_user(child);
}

TEST(a_link_leads_to_the_image)
{
	pid_t child = start_user("image", O_RDWR);
	char link[128];

	scratch_link(&scratch, "image", "link");
	snprintf(link, sizeof(link), "%s/link", scratch.path);
	assert_in_use(link, "open for writing");
	end_user(child);
}

TEST(what_serves_disks_uses_what_it_only_reads)
{
	pid_t child;

	user_command = "qemu-nbd";
	child = start_user("image", O_RDONLY);
	user_command = NULL;
	assert_in_use(path, "(qemu-nbd) serves it");
	end_user(child);
	assert_free(path);
}

TEST(what_serves_disks_and_may_not_be_looked_at_is_counted)
{
	pid_t hidden, child;
	int status;

	user_command = "nbd-server";
	hidden = start_user("image", O_RDWR);
	user_command = NULL;
	if (geteuid() != 0) {
		end_user(hidden);
		print_message("only root can become somebody else\n");
		skip();
	}
	assert_int_equal(fchmod(scratch.fd, 0755), 0);
	child = fork();
	if (child == 0) {
		size_t unseen = 0;
		int error;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
		error = image_in_use(path, &unseen, NULL);
		_exit(error == 0 && unseen > 0 ? 0 : 2);
	}
	waitpid(child, &status, 0);
	end_user(hidden);
	assert_int_equal(status, 0);
}

TEST(only_images_can_be_asked_about)
{
	struct pbf_reason why;
	size_t unseen;

	assert_int_equal(image_in_use(scratch.path, &unseen, &why),
			 -EOPNOTSUPP);
	assert_reason(why, PBF_REASON_NO_OFFSET, "neither a regular file");
	assert_int_equal(image_in_use("/nowhere", &unseen, &why), -ENOENT);
}

/* A loop device over the image; -1 when there are none here. */
static int make_loop(char ret_path[32])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	int device, file;

	if (control >= 0)
		close(control);
	if (number < 0)
		return -1;
	snprintf(ret_path, 32, "/dev/loop%d", number);
	device = open(ret_path, O_RDWR | O_CLOEXEC);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, LOOP_SET_FD, file) < 0) {
		close(device);
		device = -1;
	}
	close(file);
	return device;
}

static void end_loop(int device)
{
	ioctl(device, LOOP_CLR_FD);
	close(device);
}

TEST(a_loop_device_over_it_is_named)
{
	char loop[32];
	int device = make_loop(loop);

	if (device < 0) {
		print_message("no loop devices here\n");
		skip();
	}
	assert_in_use(path, loop);
	end_loop(device);
	assert_free(path);
}

/* The device of a mounted ext4, made by mkfs; false when there is none. */
static bool mount_image(const char *loop, const char *where)
{
	char command[200];

	snprintf(command, sizeof(command), "mkfs.ext4 -q %s >/dev/null 2>&1",
		 loop);
	/* The command is this one. NOLINTNEXTLINE(cert-env33-c) */
	return system(command) == 0 && mount(loop, where, "ext4", 0, NULL) == 0;
}

TEST(a_block_device_is_in_use_while_it_is_mounted_or_open)
{
	char loop[32], where[128];
	int device = make_loop(loop);
	pid_t child;

	scratch_mkdir(&scratch, "where");
	snprintf(where, sizeof(where), "%s/where", scratch.path);
	if (device < 0 || !mount_image(loop, where)) {
		if (device >= 0)
			end_loop(device);
		print_message("nothing can be mounted here\n");
		skip();
	}
	assert_in_use(loop, where);
	assert_int_equal(umount(where), 0);
	assert_free(loop);
	child = start_user(loop, O_RDWR);
	assert_in_use(loop, "open for writing");
	end_user(child);
	assert_free(loop);
	end_loop(device);
}

TEST(a_block_device_that_is_claimed_is_in_use)
{
	char loop[32];
	int device;
	pid_t child;

	SKIP_WHERE_EMULATED(PROCESSES);
	device = make_loop(loop);
	if (device < 0) {
		print_message("no loop devices here\n");
		skip();
	}
	child = start_user(loop, O_RDONLY | O_EXCL);
	assert_in_use(loop, "the kernel uses it");
	end_user(child);
	assert_free(loop);
	end_loop(device);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_image_that_nobody_has_open_is_free),
		CLAIM(a_process_that_can_write_to_it_is_named),
		CLAIM(a_process_that_can_only_read_it_does_no_harm),
		CLAIM(this_process_does_not_count),
		CLAIM(another_image_does_not_count),
		CLAIM(a_link_leads_to_the_image),
		CLAIM(what_serves_disks_uses_what_it_only_reads),
		CLAIM(what_serves_disks_and_may_not_be_looked_at_is_counted),
		CLAIM(only_images_can_be_asked_about),
		CLAIM(a_loop_device_over_it_is_named),
		CLAIM(a_block_device_is_in_use_while_it_is_mounted_or_open),
		CLAIM(a_block_device_that_is_claimed_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
