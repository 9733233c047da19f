/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "partition.h"
#include "scratch.h"
#include "unit.h"

#define UUID "0f5a7a1c-4e0c-4b6e-9d1d-0c0ffee00d1e"

/* Partition 2 at 2 MiB; made by the programs that people use. */
#define MAKE_TABLE                                                         \
	"truncate -s 16M image && printf 'label: %s\\n%s\\n"               \
	"start=2048, size=2048%s\\nstart=4096, size=16384%s\\n' | sfdisk " \
	"--quiet image"

static struct scratch scratch;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static void run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && PATH=$PATH:/sbin:/usr/sbin; %s",
		 scratch.path, command);
	/* The commands are those of a test. NOLINTNEXTLINE(cert-env33-c) */
	assert_int_equal(system(line), 0);
}

static void make_table(const char *label, const char *header, const char *first,
		       const char *second)
{
	char line[512];

	snprintf(line, sizeof(line), MAKE_TABLE, label, header, first, second);
	run(line);
}

static struct pbf_partition_names names_of(unsigned int number)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	struct pbf_partition_table table;
	struct pbf_partition_names names;
	struct pbf_reason why;

	assert_int_equal(pbf_image_open(scratch.fd, "image", &image, &why), 0);
	assert_int_equal(pbf_partition_table_read(image, 512, &table, &why), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(pbf_partition_names_read(image, &table,
						  &table.partitions[number - 1],
						  &names, &why),
			 0);
	return names;
}

TEST(an_mbr_names_partitions_by_disk_and_number)
{
	struct pbf_partition_names names;

	make_table("dos", "label-id: 0xcafe0001", "", "");
	names = names_of(2);
	assert_string_equal(names.part_uuid, "cafe0001-02");
	assert_string_equal(names.part_label, "");
	assert_string_equal(names.type, "");
}

TEST(a_gpt_has_an_uuid_and_a_label_for_each)
{
	struct pbf_partition_names names;

	make_table("gpt", "", ", name=boot_a", ", name=system_a, uuid=" UUID);
	names = names_of(2);
	assert_string_equal(names.part_uuid, UUID);
	assert_string_equal(names.part_label, "system_a");
	assert_string_equal(names_of(1).part_label, "boot_a");
}

TEST(a_file_system_has_type_uuid_and_label)
{
	struct pbf_partition_names names;

	make_table("dos", "", "", "");
	run("mkfs.ext4 -q -L writable -U " UUID
	    " -E offset=2097152 image 8M 2>&1");
	names = names_of(2);
	assert_string_equal(names.type, "ext4");
	assert_string_equal(names.uuid, UUID);
	assert_string_equal(names.label, "writable");
	assert_string_equal(names_of(1).type, "");
}

TEST(swap_space_is_no_file_system)
{
	make_table("dos", "", "", "");
	run("truncate -s 8M swap && mkswap -q -L swapped swap && "
	    "dd if=swap of=image bs=1M seek=2 conv=notrunc status=none && "
	    "rm swap");
	assert_string_equal(names_of(2).type, "");
	assert_string_equal(names_of(2).label, "");
}

TEST(a_partition_that_is_cut_short_has_a_name_all_the_same)
{
	make_table("dos", "label-id: 0xcafe0001", "", "");
	scratch_truncate(&scratch, "image", 2 * 1024 * 1024 + 4096);
	assert_string_equal(names_of(2).part_uuid, "cafe0001-02");
	assert_string_equal(names_of(2).type, "");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_mbr_names_partitions_by_disk_and_number),
		CLAIM(a_gpt_has_an_uuid_and_a_label_for_each),
		CLAIM(a_file_system_has_type_uuid_and_label),
		CLAIM(swap_space_is_no_file_system),
		CLAIM(a_partition_that_is_cut_short_has_a_name_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
