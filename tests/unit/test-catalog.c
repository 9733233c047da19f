/* SPDX-License-Identifier: BSD-2-Clause */
/* Boards by name, images and settings; links are in test-catalog-links.c. */
#include "catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static struct pbf_catalog *catalog;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	return pbf_catalog_open(scratch.path, (struct pbf_image_conf){ 0 },
				&catalog);
}

static int teardown(void **state)
{
	(void)state;
	pbf_catalog_free(catalog);
	scratch_remove(&scratch);
	return 0;
}

static void assert_found(const char *name, const char *entry)
{
	struct pbf_board board;

	assert_int_equal(pbf_catalog_find(catalog, name, PBF_ANYWHERE, &board),
			 0);
	assert_string_equal(board.entry, entry);
}

static void assert_not_found(const char *name)
{
	struct pbf_board board;

	if (pbf_catalog_find(catalog, name, PBF_ANYWHERE, &board) != -ENOENT)
		fail_msg("\"%s\" is found", name);
}

/* The directories that are listed, sorted, each followed by a blank. */
struct names {
	char names[32][PBF_ENTRY_BYTES];
	size_t count;
	int answer;
};

static int note_name(void *context, const struct pbf_board *board,
		     bool is_certain)
{
	struct names *names = context;

	assert_true(is_certain);
	assert_in_range(names->count, 0, 31);
	strcpy(names->names[names->count++], board->directory);
	return names->answer;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_listed(const char *expected)
{
	struct names names = { .count = 0 };
	char text[1024] = "";

	assert_int_equal(pbf_catalog_list(catalog, note_name, NULL, &names), 0);
	qsort(names.names, names.count, sizeof(names.names[0]), compare_names);
	for (size_t i = 0; i < names.count; i++)
		strcat(strcat(text, names.names[i]), " ");
	assert_string_equal(text, expected);
}

TEST(a_directory_of_images_is_needed)
{
	struct pbf_catalog *other;
	char path[128];

	strcpy(path, scratch.path);
	scratch_touch(&scratch, "file");
	strcat(path, "/none");
	assert_int_equal(
		pbf_catalog_open(path, (struct pbf_image_conf){ 0 }, &other),
		-ENOENT);
	strcpy(strrchr(path, '/'), "/file");
	assert_int_equal(
		pbf_catalog_open(path, (struct pbf_image_conf){ 0 }, &other),
		-ENOTDIR);
}

TEST(an_image_file_is_a_board_without_its_suffix)
{
	struct pbf_board board;
	struct stat st;

	scratch_touch(&scratch, "jammy.img");
	scratch_touch(&scratch, "noble.raw");
	assert_int_equal(
		pbf_catalog_find(catalog, "jammy", PBF_ANYWHERE, &board), 0);
	assert_string_equal(board.directory, "jammy");
	assert_string_equal(board.entry, "jammy.img");
	assert_string_equal(board.source, "jammy.img");
	assert_false(board.leads_outside);
	assert_int_equal(fstatat(scratch.fd, "jammy.img", &st, 0), 0);
	assert_int_equal(board.modified.tv_sec, st.st_mtim.tv_sec);
	assert_found("noble", "noble.raw");
	assert_listed("jammy noble ");
}

TEST(other_files_and_directories_are_nothing)
{
	scratch_touch(&scratch, "notes.txt");
	scratch_touch(&scratch, "README");
	scratch_mkdir(&scratch, "directory.img");
	scratch_mkdir(&scratch, "directory");
	assert_listed("");
	assert_not_found("notes.txt");
	assert_not_found("notes");
	assert_not_found("README");
	assert_not_found("directory");
}

TEST(names_that_begin_with_a_dot_are_nothing)
{
	scratch_touch(&scratch, ".img");
	scratch_touch(&scratch, ".hidden.img");
	scratch_link(&scratch, ".hidden.img", ".link");
	assert_listed("");
	assert_not_found(".hidden");
	assert_not_found(".link");
	assert_not_found(".");
	assert_not_found("..");
	assert_not_found("");
}

TEST(an_image_is_not_found_under_its_own_name)
{
	scratch_touch(&scratch, "jammy.img");
	scratch_touch(&scratch, "twice.img.img");
	assert_not_found("jammy.img");
	assert_found("twice.img", "twice.img.img");
	assert_not_found("twice");
	assert_listed("jammy twice.img ");
}

TEST(a_name_with_a_slash_leads_nowhere)
{
	scratch_touch(&scratch, "jammy.img");
	scratch_mkdir(&scratch, "x");
	assert_not_found("./jammy");
	assert_not_found("x/../jammy");
}

TEST(a_name_too_long_leads_nowhere)
{
	char name[PBF_ENTRY_BYTES + 10];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_not_found(name);
	name[255] = '\0';
	assert_not_found(name);
	name[251] = '\0';
	strcat(name, ".img");
	scratch_touch(&scratch, name);
	name[251] = '\0';
	assert_int_equal(strlen(name), 251);
	assert_not_found("n");
	strcat(name, ".img");
	{
		char directory[PBF_ENTRY_BYTES];

		pbf_directory_of_entry(name, directory);
		assert_found(directory, name);
	}
}

TEST(the_first_of_three_forms_wins)
{
	struct pbf_board board;
	char other[PBF_ENTRY_BYTES] = "";

	scratch_touch(&scratch, "jammy.raw");
	assert_found("jammy", "jammy.raw");
	scratch_touch(&scratch, "jammy.img");
	assert_found("jammy", "jammy.img");
	assert_listed("jammy ");
	scratch_link(&scratch, "jammy.raw", "jammy");
	assert_found("jammy", "jammy");
	assert_listed("jammy ");

	assert_int_equal(
		pbf_catalog_find(catalog, "jammy", PBF_ANYWHERE, &board), 0);
	assert_true(pbf_catalog_conflict(catalog, &board, PBF_ANYWHERE, other));
	assert_string_equal(other, "jammy.img");
}

TEST(a_board_of_one_form_is_in_no_conflict)
{
	struct pbf_board board;
	char other[PBF_ENTRY_BYTES];

	scratch_touch(&scratch, "jammy.raw");
	scratch_mkdir(&scratch, "jammy.img");
	assert_int_equal(
		pbf_catalog_find(catalog, "jammy", PBF_ANYWHERE, &board), 0);
	assert_false(
		pbf_catalog_conflict(catalog, &board, PBF_ANYWHERE, other));
}

TEST(a_serial_is_found_in_the_form_the_board_asks_for)
{
	scratch_touch(&scratch, "1000000089025d75.img");
	scratch_touch(&scratch, "ABCDEF01.img");
	assert_found("89025d75", "1000000089025d75.img");
	assert_found("89025D75", "1000000089025d75.img");
	assert_found("abcdef01", "ABCDEF01.img");
	assert_listed("1000000089025d75 ABCDEF01 ");
}

TEST(the_form_the_board_asks_for_wins)
{
	scratch_touch(&scratch, "1000000089025d75.img");
	scratch_touch(&scratch, "89025d75.raw");
	assert_found("89025d75", "89025d75.raw");
	assert_found("89025D75", "89025d75.raw");
	assert_found("2000000089025d75", "89025d75.raw");
}

TEST(the_default_answers_for_boards_without_an_entry)
{
	assert_not_found("89025d75");
	scratch_touch(&scratch, "default.img");
	assert_found("89025d75", "default.img");
	assert_found("dc-a6-32-01-36-c2", "default.img");
	assert_found("1000000089025d75", "default.img");
	assert_not_found("lab3");
	assert_not_found("89025d7");
	scratch_touch(&scratch, "89025d75.img");
	assert_found("89025d75", "89025d75.img");
}

TEST(the_default_does_not_answer_for_an_entry_that_leads_nowhere)
{
	struct pbf_board board;

	scratch_touch(&scratch, "default.img");
	scratch_link(&scratch, "/nowhere/x.img", "89025d75");
	assert_not_found("89025d75");
	assert_int_equal(
		pbf_catalog_find(catalog, "89025d75", PBF_ANYWHERE, &board),
		-ENOENT);
	assert_string_equal(board.entry, "89025d75");
}

TEST(the_default_is_not_listed_but_has_its_name)
{
	scratch_touch(&scratch, "default.img");
	scratch_touch(&scratch, "jammy.img");
	assert_listed("jammy ");
	assert_found("default", "default.img");
}

TEST(listing_ends_when_it_is_told_to)
{
	struct names names = { .answer = 42 };

	scratch_touch(&scratch, "a.img");
	scratch_touch(&scratch, "b.img");
	assert_int_equal(pbf_catalog_list(catalog, note_name, NULL, &names),
			 42);
	assert_int_equal(names.count, 1);
}

TEST(bootcode_is_a_file_and_no_board)
{
	assert_false(pbf_catalog_has_file(catalog, PBF_BOOTCODE, PBF_ANYWHERE));
	scratch_mkdir(&scratch, "bootcode.bin");
	assert_false(pbf_catalog_has_file(catalog, PBF_BOOTCODE, PBF_ANYWHERE));
	scratch_remove(&scratch);
	pbf_catalog_free(catalog);
	scratch_make(&scratch);
	assert_int_equal(pbf_catalog_open(scratch.path,
					  (struct pbf_image_conf){ 0 },
					  &catalog),
			 0);
	scratch_link(&scratch, "other", "bootcode.bin");
	assert_false(pbf_catalog_has_file(catalog, PBF_BOOTCODE, PBF_ANYWHERE));
	scratch_touch(&scratch, "other");
	assert_true(pbf_catalog_has_file(catalog, PBF_BOOTCODE, PBF_ANYWHERE));
	assert_not_found("bootcode.bin");
	assert_listed("");
}

static unsigned int partition_of(const char *source)
{
	struct pbf_image_conf conf;

	assert_int_equal(pbf_catalog_conf(catalog, source, &conf, NULL), 0);
	return conf.partition;
}

TEST(settings_lie_beside_the_image)
{
	scratch_write(&scratch, "jammy.conf", "[image]\npartition = 2\n", 22);
	assert_int_equal(partition_of("jammy.img"), 2);
	assert_int_equal(partition_of("jammy.raw"), 2);
	assert_int_equal(partition_of("jammy"), 2);
	assert_int_equal(partition_of("noble.img"), 0);
}

TEST(settings_of_an_image_win_over_those_of_all)
{
	pbf_catalog_free(catalog);
	assert_int_equal(
		pbf_catalog_open(scratch.path,
				 (struct pbf_image_conf){ .partition = 3 },
				 &catalog),
		0);
	scratch_write(&scratch, "jammy.conf", "[image]\npartition = 2\n", 22);
	scratch_write(&scratch, "noble.conf", "", 0);
	assert_int_equal(partition_of("jammy.img"), 2);
	assert_int_equal(partition_of("noble.img"), 3);
	assert_int_equal(partition_of("other.img"), 3);
}

TEST(settings_that_an_image_does_not_say_are_those_of_all)
{
	struct pbf_image_conf conf = { .partition = 3 };

	pbf_catalog_free(catalog);
	assert_int_equal(pbf_catalog_open(scratch.path, conf, &catalog), 0);
	scratch_write(&scratch, "jammy.conf", "[image]\ncodepage = 850\n", 23);
	assert_int_equal(pbf_catalog_conf(catalog, "jammy.img", &conf, NULL),
			 0);
	assert_int_equal(conf.partition, 3);
	assert_int_equal(conf.code_page, PBF_CODE_PAGE_850);
}

static void assert_no_conf(const char *source, int error, const char *words)
{
	struct pbf_image_conf conf = { .partition = 77 };
	struct pbf_reason why = { .text = "" };

	assert_int_equal(pbf_catalog_conf(catalog, source, &conf, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(conf.partition, 77);
}

TEST(settings_that_are_not_understood_are_refused_by_file_and_line)
{
	scratch_write(&scratch, "jammy.conf", "[image]\npartition = two\n", 24);
	assert_no_conf("jammy.img", -EINVAL, "jammy.conf: line 2");
}

TEST(settings_that_cannot_be_read_are_refused)
{
	static char large[PBF_IMAGE_CONF_BYTES_MAX];

	scratch_mkdir(&scratch, "jammy.conf");
	assert_no_conf("jammy.img", -EISDIR, "jammy.conf cannot be read");
	scratch_link(&scratch, "loop.conf", "loop.conf");
	assert_no_conf("loop.img", -ELOOP, "loop.conf cannot be read");
	memset(large, '\n', sizeof(large));
	scratch_write(&scratch, "large.conf", large, sizeof(large) - 1);
	assert_int_equal(partition_of("large.img"), 0);
	scratch_write(&scratch, "large.conf", large, sizeof(large));
	assert_no_conf("large.img", -EFBIG, "large.conf cannot be read");
}

TEST(a_settings_file_is_no_board)
{
	scratch_touch(&scratch, "jammy.conf");
	scratch_link(&scratch, "jammy.conf", "linked.conf");
	scratch_touch(&scratch, "odd.conf.img");
	assert_not_found("jammy.conf");
	assert_not_found("linked.conf");
	assert_listed("odd.conf ");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_directory_of_images_is_needed),
		CLAIM(an_image_file_is_a_board_without_its_suffix),
		CLAIM(other_files_and_directories_are_nothing),
		CLAIM(names_that_begin_with_a_dot_are_nothing),
		CLAIM(an_image_is_not_found_under_its_own_name),
		CLAIM(a_name_with_a_slash_leads_nowhere),
		CLAIM(a_name_too_long_leads_nowhere),
		CLAIM(the_first_of_three_forms_wins),
		CLAIM(a_board_of_one_form_is_in_no_conflict),
		CLAIM(a_serial_is_found_in_the_form_the_board_asks_for),
		CLAIM(the_form_the_board_asks_for_wins),
		CLAIM(the_default_answers_for_boards_without_an_entry),
		CLAIM(the_default_does_not_answer_for_an_entry_that_leads_nowhere),
		CLAIM(the_default_is_not_listed_but_has_its_name),
		CLAIM(listing_ends_when_it_is_told_to),
		CLAIM(bootcode_is_a_file_and_no_board),
		CLAIM(settings_lie_beside_the_image),
		CLAIM(settings_of_an_image_win_over_those_of_all),
		CLAIM(settings_that_an_image_does_not_say_are_those_of_all),
		CLAIM(settings_that_are_not_understood_are_refused_by_file_and_line),
		CLAIM(settings_that_cannot_be_read_are_refused),
		CLAIM(a_settings_file_is_no_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
