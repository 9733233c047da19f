/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_entry.h"

#include <errno.h>

#include "hex.h"
#include "unit.h"

/* A file of 7 bytes in cluster 5, written on 2024-04-15 at 12:28:56. */
static const char plain[] = "\"CONFIG  TXT\" # 00 short name          \n"
			    "20            # 0b attributes: archive  \n"
			    "@14 00 00     # first cluster, high half\n"
			    "@16 9c 63 8f 58                         \n"
			    "@1a 05 00     # first cluster, low half \n"
			    "@1c 07 00 00 00                         \n";

static enum pbf_slot_kind feed(const char *overlay, enum pbf_fat_type type,
			       struct pbf_fat_entry *ret_entry,
			       struct pbf_reason *why)
{
	struct pbf_slot_reader reader = { 0 };
	unsigned char slot[PBF_FAT_SLOT_BYTES] = { 0 };

	hex_parse(plain, slot, sizeof(slot));
	hex_parse(overlay, slot, sizeof(slot));
	/* Whatever is not written is seen. */
	memset(ret_entry, 'x', sizeof(*ret_entry));
	return pbf_slot_feed(&reader, type, slot, 0x4020, ret_entry, why);
}

static struct pbf_fat_entry entry_of(const char *overlay)
{
	struct pbf_fat_entry entry;

	assert_int_equal(feed(overlay, PBF_FAT32, &entry, NULL),
			 PBF_SLOT_ENTRY);
	return entry;
}

static void assert_kind(const char *overlay, enum pbf_slot_kind kind)
{
	struct pbf_fat_entry entry;

	assert_int_equal(feed(overlay, PBF_FAT32, &entry, NULL), kind);
}

static void assert_name(const char *overlay, const char *name)
{
	struct pbf_fat_entry entry = entry_of(overlay);

	assert_string_equal(entry.name, name);
	assert_string_equal(entry.alias, name);
}

TEST(a_slot_is_a_file)
{
	struct pbf_fat_entry entry = entry_of("");

	assert_string_equal(entry.name, "CONFIG.TXT");
	assert_string_equal(entry.alias, "CONFIG.TXT");
	assert_false(entry.is_directory);
	assert_int_equal(entry.first_cluster, 5);
	assert_int_equal(entry.size_bytes, 7);
	assert_int_equal(entry.modified.tv_sec, 1713184136);
	assert_int_equal(entry.slot_offset_bytes, 0x4020);
}

TEST(a_directory_has_no_size_whatever_it_says)
{
	struct pbf_fat_entry entry = entry_of("@0b 10");

	assert_true(entry.is_directory);
	assert_int_equal(entry.size_bytes, 0);
	assert_int_equal(entry.first_cluster, 5);
}

TEST(only_fat32_has_the_upper_half_of_the_first_cluster)
{
	struct pbf_fat_entry entry;

	assert_int_equal(entry_of("@14 34 12").first_cluster, 0x12340005);
	feed("@14 34 12", PBF_FAT16, &entry, NULL);
	assert_int_equal(entry.first_cluster, 5);
}

TEST(a_size_has_all_32_bits)
{
	assert_int_equal(entry_of("@1c ff ff ff ff").size_bytes, UINT32_MAX);
}

TEST(a_slot_that_begins_with_0_ends_the_directory)
{
	assert_kind("@0 00", PBF_SLOT_END);
	assert_kind("@0 00 @0b 0f", PBF_SLOT_END);
}

TEST(a_deleted_slot_is_passed_over)
{
	assert_kind("@0 e5", PBF_SLOT_NONE);
}

TEST(the_entries_for_itself_and_the_parent_are_passed_over)
{
	assert_kind("@0 \".          \" 10", PBF_SLOT_NONE);
	assert_kind("@0 \"..         \" 10", PBF_SLOT_NONE);
	assert_kind("@0 \"...        \" 10", PBF_SLOT_ENTRY);
}

TEST(hidden_and_system_files_are_shown)
{
	assert_name("@0b 07", "CONFIG.TXT");
}

TEST(reserved_attributes_do_not_matter)
{
	assert_name("@0b e0", "CONFIG.TXT");
}

TEST(a_label_is_no_file)
{
	struct pbf_fat_entry entry;

	assert_int_equal(feed("@0 \"BOOT FS    \" 08", PBF_FAT32, &entry, NULL),
			 PBF_SLOT_LABEL);
	assert_string_equal(entry.alias, "BOOT FS");
	assert_kind("@0b 28", PBF_SLOT_LABEL);
	assert_kind("@0b 18", PBF_SLOT_LABEL);
}

TEST(a_name_without_an_extension_has_no_dot)
{
	assert_name("@0 \"CONFIG     \"", "CONFIG");
	assert_name("@0 \"LONGNAMEEXT\"", "LONGNAME.EXT");
	assert_name("@0 \"A       B  \"", "A.B");
}

TEST(blanks_within_a_name_stay)
{
	assert_name("@0 \"A B     C D\"", "A B.C D");
	assert_name("@0 \" AME1   BIN\"", " AME1.BIN");
}

TEST(windows_nt_marks_lower_case)
{
	assert_name("@0c 00", "CONFIG.TXT");
	assert_name("@0c 08", "config.TXT");
	assert_name("@0c 10", "CONFIG.txt");
	assert_name("@0c 18", "config.txt");
	assert_name("@0c e7", "CONFIG.TXT");
}

TEST(a_name_is_in_code_page_437)
{
	/* 9a: U umlaut, 8e: A umlaut; b0: a shade, three bytes of UTF-8 */
	assert_name("@0 9a 8e \"      TXT\"", "\xc3\x9c\xc3\x84.TXT");
	assert_name("@0 9a 8e \"      TXT\" @0c 08", "\xc3\xbc\xc3\xa4.TXT");
	assert_name("@0 b0*11",
		    "\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91"
		    "\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91."
		    "\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91");
}

TEST(a_name_that_begins_with_05_begins_with_e5)
{
	/* e5 in code page 437: a small sigma */
	assert_name("@0 05 \"A      \"", "\xcf\x83"
					 "A.TXT");
}

static void assert_bad(const char *overlay, const char *words)
{
	struct pbf_fat_entry entry;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(feed(overlay, PBF_FAT32, &entry, &why), PBF_SLOT_BAD);
	assert_reason(why, 0x4020, words);
}

TEST(a_name_that_no_path_can_have_is_hidden)
{
	assert_bad("@0 \"A/B     TXT\"", "\"A/B.TXT\" cannot be shown");
	assert_bad("@0 \"A\" 00 \"B     TXT\"", "cannot be shown");
	assert_name("@0 \"A>B     TXT\"", "A>B.TXT");
}

static enum pbf_name_match match(const char *stored, const char *alias,
				 const char *asked)
{
	struct pbf_fat_entry entry = { 0 };

	strcpy(entry.name, stored);
	strcpy(entry.alias, alias);
	return pbf_fat_entry_match(&entry, asked);
}

TEST(the_name_itself_matches_exactly)
{
	assert_int_equal(match("config.txt", "CONFIG.TXT", "config.txt"),
			 PBF_NAME_EXACT);
	assert_int_equal(match("name.", "NAME~1", "name."), PBF_NAME_EXACT);
}

TEST(another_case_matches_less_than_exactly)
{
	assert_int_equal(match("config.txt", "CONFIG.TXT", "Config.Txt"),
			 PBF_NAME_FOLDED);
}

TEST(the_short_name_matches_too)
{
	assert_int_equal(
		match("bcm2711-rpi-4-b.dtb", "BCM271~1.DTB", "BCM271~1.DTB"),
		PBF_NAME_FOLDED);
	assert_int_equal(
		match("bcm2711-rpi-4-b.dtb", "BCM271~1.DTB", "bcm271~1.dtb"),
		PBF_NAME_FOLDED);
	assert_int_equal(
		match("bcm2711-rpi-4-b.dtb", "BCM271~1.DTB", "BCM271~2.DTB"),
		PBF_NAME_DIFFERS);
}

TEST(dots_at_the_end_do_not_count)
{
	assert_int_equal(match("name", "NAME", "name."), PBF_NAME_FOLDED);
	assert_int_equal(match("name", "NAME", "name..."), PBF_NAME_FOLDED);
	assert_int_equal(match("name.", "NAME~1", "name"), PBF_NAME_FOLDED);
	assert_int_equal(match("na.me", "NA.ME", "name"), PBF_NAME_DIFFERS);
}

TEST(dots_alone_match_no_other_name)
{
	assert_int_equal(match("...", "...", "...."), PBF_NAME_DIFFERS);
	assert_int_equal(match("...", "...", "..."), PBF_NAME_EXACT);
	assert_int_equal(match("a", "A", ""), PBF_NAME_DIFFERS);
}

TEST(a_name_longer_than_any_matches_nothing)
{
	char asked[1000];

	memset(asked, 'n', sizeof(asked) - 1);
	asked[sizeof(asked) - 1] = '\0';
	assert_int_equal(match("n", "N", asked), PBF_NAME_DIFFERS);
	memset(asked + 1, '.', sizeof(asked) - 2);
	assert_int_equal(match("n", "N", asked), PBF_NAME_FOLDED);
}

TEST(a_date_and_time_are_what_the_writer_meant)
{
	/* 2024-04-15 12:28:56 */
	assert_int_equal(pbf_fat_time(0x588f, 0x639c, 0).tv_sec, 1713184136);
	/* 1980-01-01 and 2107-12-31 23:59:58, the ends */
	assert_int_equal(pbf_fat_time(0x0021, 0, 0).tv_sec, 315532800);
	assert_int_equal(pbf_fat_time(0xff9f, 0xbf7d, 0).tv_sec, 4354819198);
}

TEST(hundredths_of_seconds_go_beyond_a_second)
{
	struct timespec time = pbf_fat_time(0x588f, 0x639c, 199);

	assert_int_equal(time.tv_sec, 1713184137);
	assert_int_equal(time.tv_nsec, 990000000);
	time = pbf_fat_time(0x588f, 0x639c, 5);
	assert_int_equal(time.tv_sec, 1713184136);
	assert_int_equal(time.tv_nsec, 50000000);
}

TEST(date_0_is_the_first_of_1980)
{
	assert_int_equal(pbf_fat_time(0, 0, 0).tv_sec, 315532800);
}

TEST(absurd_dates_and_times_are_clamped)
{
	/* month 15 is December, day 0 is the first */
	assert_int_equal(pbf_fat_time(0x01e0, 0, 0).tv_sec, 344476800);
	/* hour 31, minute 63, second 62: 23:59:59 */
	assert_int_equal(pbf_fat_time(0x0021, 0xffff, 0).tv_sec,
			 315532800 + 86399);
}

TEST(every_date_is_a_time)
{
	for (uint32_t date = 0; date <= 0xffff; date++) {
		time_t seconds =
			pbf_fat_time((uint16_t)date, 0xffff, 255).tv_sec;

		assert_in_range(seconds, 315532800, 4354905600);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_is_a_file),
		cmocka_unit_test(a_directory_has_no_size_whatever_it_says),
		cmocka_unit_test(
			only_fat32_has_the_upper_half_of_the_first_cluster),
		cmocka_unit_test(a_size_has_all_32_bits),
		cmocka_unit_test(a_slot_that_begins_with_0_ends_the_directory),
		cmocka_unit_test(a_deleted_slot_is_passed_over),
		cmocka_unit_test(
			the_entries_for_itself_and_the_parent_are_passed_over),
		cmocka_unit_test(hidden_and_system_files_are_shown),
		cmocka_unit_test(reserved_attributes_do_not_matter),
		cmocka_unit_test(a_label_is_no_file),
		cmocka_unit_test(a_name_without_an_extension_has_no_dot),
		cmocka_unit_test(blanks_within_a_name_stay),
		cmocka_unit_test(windows_nt_marks_lower_case),
		cmocka_unit_test(a_name_is_in_code_page_437),
		cmocka_unit_test(a_name_that_begins_with_05_begins_with_e5),
		cmocka_unit_test(a_name_that_no_path_can_have_is_hidden),
		cmocka_unit_test(the_name_itself_matches_exactly),
		cmocka_unit_test(another_case_matches_less_than_exactly),
		cmocka_unit_test(the_short_name_matches_too),
		cmocka_unit_test(dots_at_the_end_do_not_count),
		cmocka_unit_test(dots_alone_match_no_other_name),
		cmocka_unit_test(a_name_longer_than_any_matches_nothing),
		cmocka_unit_test(a_date_and_time_are_what_the_writer_meant),
		cmocka_unit_test(hundredths_of_seconds_go_beyond_a_second),
		cmocka_unit_test(date_0_is_the_first_of_1980),
		cmocka_unit_test(absurd_dates_and_times_are_clamped),
		cmocka_unit_test(every_date_is_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
