/* SPDX-License-Identifier: BSD-2-Clause */
/* "." and "..", by which Linux tells a directory from junk. */
#include "fat_dir.h"

#include <errno.h>

#include "unit.h"
#include "volume-bench.h"

static struct volume_bench bench;

static int setup(void **state)
{
	(void)state;
	bench = (struct volume_bench){ .built = NULL };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	volume_bench_free(&bench);
	return 0;
}

#define DOT ".          "
#define DOTS "..         "

/* A directory in cluster 21 with these slots; those without a name are 0. */
static void build_directory(const struct fat_slot slots[4])
{
	const struct fat_layout layout = { .type = 32 };
	unsigned char *directory;

	teardown(NULL);
	setup(NULL);
	volume_bench_build(&bench, &layout);
	fat_add_directory(bench.built, FAT_ROOT, "OTHER      ", 21);
	directory = bench.built->bytes + fat_cluster_at(bench.built, 21);
	memset(directory, 0, 2 * (size_t)FAT_SLOT_BYTES);
	for (size_t i = 0; i < 4; i++)
		if (slots[i].name)
			fat_slot_write(&slots[i],
				       directory + i * FAT_SLOT_BYTES);
	volume_bench_open(&bench);
}

/* Looks for NAME in it; whether Linux is said not to enter it. */
static bool is_noted(const char *name, int result)
{
	struct pbf_fat_entry entry;

	assert_int_equal(pbf_dir_find(bench.volume, 21, name, &entry, NULL),
			 result);
	return pbf_fat_volume_oddity(bench.volume);
}

TEST(a_directory_without_dots_is_noted_where_it_begins)
{
	const struct fat_slot slots[4] = { { .name = "FIRST      " },
					   { .name = "SECOND     " } };

	build_directory(slots);
	/* a name before its end, and all of it */
	assert_true(is_noted("FIRST", 0));
	volume_bench_open(&bench);
	assert_true(is_noted("NONE", -ENOENT));
	assert_reason(*pbf_fat_volume_oddity(bench.volume),
		      fat_cluster_at(bench.built, 21), "as \".\" and \"..\"");
}

TEST(an_empty_directory_without_dots_is_noted)
{
	const struct fat_slot none[4] = { { .name = NULL } };

	build_directory(none);
	assert_true(is_noted("NONE", -ENOENT));
}

/* fs/fat/dir.c, fat_subdirs(): what it counts, and where */
TEST(a_directory_is_noted_only_when_linux_would_not_enter_it)
{
#define SLOT(slot_name, bits)                             \
	{                                                 \
		.name = (slot_name), .attributes = (bits) \
	}
	static const struct {
		struct fat_slot slots[4];
		bool is_noted;
	} cases[] = {
		{ { SLOT("A          ", 0x20), SLOT("B          ", 0x20),
		    SLOT(DOT, 0x10), SLOT(DOTS, 0x10) },
		  false },
		{ { SLOT(DOTS, 0x10), SLOT("A          ", 0x10) }, false },
		{ { SLOT("A          ", 0x10), SLOT("B          ", 0x10) },
		  false },
		/* behind the end mark */
		{ { SLOT(DOT, 0x10), { .name = NULL }, SLOT(DOTS, 0x10) },
		  false },
		{ { SLOT(DOT, 0x10), SLOT("A          ", 0x20) }, true },
		/* a file, a label and a deleted directory */
		{ { SLOT(DOT, 0x20), SLOT(DOTS, 0x10) }, true },
		{ { SLOT(DOT, 0x18), SLOT(DOTS, 0x10) }, true },
		{ { SLOT("\xe5          ", 0x10), SLOT(DOTS, 0x10) }, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_directory(cases[i].slots);
		if (is_noted("NONE", -ENOENT) != cases[i].is_noted)
			fail_msg("case %zu", i);
	}
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_directory_without_dots_is_noted_where_it_begins),
		CLAIM(an_empty_directory_without_dots_is_noted),
		CLAIM(a_directory_is_noted_only_when_linux_would_not_enter_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
