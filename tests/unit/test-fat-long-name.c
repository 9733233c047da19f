/* SPDX-License-Identifier: BSD-2-Clause */
/* Long names in directory entries. */
#include <errno.h>

#include "fat_entry.h"
#include "hex.h"
#include "unit.h"

#define SLOTS_MAX 24u

/* What a run of slots gives: the kind of the last one, and its entry. */
struct outcome {
	enum pbf_slot_kind kind;
	struct pbf_fat_entry entry;
	struct pbf_reason why;
};

static void feed_all(const unsigned char *slots, size_t length,
		     struct outcome *ret_outcome)
{
	struct pbf_slot_reader reader = { 0 };

	assert_int_equal(length % PBF_FAT_SLOT_BYTES, 0);
	for (size_t i = 0; i < length; i += PBF_FAT_SLOT_BYTES) {
		ret_outcome->kind =
			pbf_slot_feed(&reader, PBF_FAT32, slots + i, 0x4000 + i,
				      &ret_outcome->entry, &ret_outcome->why);
		if (i + PBF_FAT_SLOT_BYTES < length)
			assert_in_set(ret_outcome->kind,
				      ((LargestIntegralType[]){
					      PBF_SLOT_NONE, PBF_SLOT_LABEL,
					      PBF_SLOT_ENTRY }),
				      3);
	}
}

/* The slots of fixtures/long-name.hex with other bytes laid over them. */
static struct outcome with(const char *overlay)
{
	unsigned char slots[SLOTS_MAX * PBF_FAT_SLOT_BYTES] = { 0 };
	struct outcome outcome = { .kind = PBF_SLOT_END };
	size_t length = hex_load("long-name.hex", slots, sizeof(slots));
	size_t end = hex_parse(overlay, slots, sizeof(slots));

	feed_all(slots, end > length ? end : length, &outcome);
	return outcome;
}

static void assert_long(const char *overlay)
{
	struct outcome outcome = with(overlay);

	assert_int_equal(outcome.kind, PBF_SLOT_ENTRY);
	assert_string_equal(outcome.entry.name, "bcm2711-rpi-4-b.dtb");
	assert_string_equal(outcome.entry.alias, "BCM271~1.DTB");
}

static void assert_short(const char *overlay)
{
	struct outcome outcome = with(overlay);

	assert_int_equal(outcome.kind, PBF_SLOT_ENTRY);
	assert_string_equal(outcome.entry.name, "BCM271~1.DTB");
}

TEST(a_long_name_stands_before_its_file)
{
	struct outcome outcome = with("");

	assert_long("");
	assert_int_equal(outcome.entry.first_cluster, 0x11234);
	assert_int_equal(outcome.entry.size_bytes, 55025);
	assert_int_equal(outcome.entry.created.tv_sec, 1713184137);
	assert_int_equal(outcome.entry.created.tv_nsec, 0);
	assert_int_equal(outcome.entry.accessed.tv_sec, 1713225600);
	assert_int_equal(outcome.entry.modified.tv_sec, 1713360540);
	assert_int_equal(outcome.entry.slot_offset_bytes, 0x4040);
}

TEST(another_checksum_leaves_the_short_name)
{
	assert_short("@0d 52  @2d 52");
	assert_short("@0d 52");
	assert_short("@2d 52");
}

TEST(a_part_out_of_order_leaves_the_short_name)
{
	assert_short("@00 43");
	assert_short("@00 41");
	assert_short("@20 02");
	assert_short("@20 03");
	assert_short("@20 21");
}

TEST(a_missing_part_leaves_the_short_name)
{
	assert_short("@00 e5 # the last part was deleted");
	assert_short("@20 e5 # the first part was deleted");
	assert_short("@20 00 # and this is no end, as the next shows\n"
		     "@20 e5");
}

TEST(a_last_part_alone_leaves_the_short_name)
{
	assert_short("@00 e5*32  @20 42");
	assert_short("@00 e5*32  @20 43");
	assert_short("@20 42");
}

TEST(an_orphan_without_a_last_part_leaves_the_short_name)
{
	assert_short("@00 02");
	assert_short("@00 e5*32  @20 01");
}

TEST(order_0_leaves_the_short_name)
{
	assert_short("@00 40");
	assert_short("@20 00*1 @20 40");
}

TEST(a_last_part_starts_anew)
{
	/* An orphan's last part, then a complete name of one part. */
	struct outcome outcome = with("@20 41  @21 \"X\" 00 00 00");

	assert_string_equal(outcome.entry.name, "X");
}

TEST(something_else_in_between_leaves_the_short_name)
{
	/* parts 2 and 1, then: another file, a label, ".": then the file */
	static const char file[] = "@60 \"BCM271~1DTB\" 20 00*20";
	char overlay[128];

	strcpy(overlay, "@40 \"OTHER   DTB\" 20 00*20 ");
	assert_short(strcat(overlay, file));
	strcpy(overlay, "@40 \"LABEL      \" 08 00*20 ");
	assert_short(strcat(overlay, file));
	strcpy(overlay, "@40 \".          \" 10 00*20 ");
	assert_short(strcat(overlay, file));
	strcpy(overlay, "@40 e5 \"CM271~1DTB\" 20 00*20 ");
	assert_short(strcat(overlay, file));
}

TEST(a_long_name_counts_for_one_file_only)
{
	assert_short("@60 \"BCM271~1DTB\" 20 00*20");
}

TEST(only_four_attributes_together_make_a_long_name)
{
	/* the two upper bits are reserved; archive makes it a label */
	assert_long("@0b cf  @2b 4f");
	assert_short("@2b 2f");
}

TEST(an_empty_long_name_leaves_the_short_name)
{
	assert_short("@21 00 00");
}

TEST(a_name_that_fills_its_parts_needs_no_end)
{
	struct outcome outcome = with("@20 41");

	assert_string_equal(outcome.entry.name, "bcm2711-rpi-4");
}

TEST(characters_outside_ascii_become_utf_8)
{
	/* 1f353, a pair of surrogates, in place of "bc" */
	struct outcome outcome = with("@21 3c d8 53 df");

	assert_string_equal(outcome.entry.name,
			    "\xf0\x9f\x8d\x93m2711-rpi-4-b.dtb");
}

TEST(a_lone_surrogate_is_replaced)
{
	struct outcome outcome = with("@21 3c d8");

	assert_string_equal(outcome.entry.name, "\xef\xbf\xbd"
						"cm2711-rpi-4-b.dtb");
}

static void assert_bad(const char *overlay)
{
	struct outcome outcome = with(overlay);

	assert_int_equal(outcome.kind, PBF_SLOT_BAD);
	assert_reason(outcome.why, 0x4040, "cannot be shown");
}

TEST(a_long_name_that_no_path_can_have_is_hidden)
{
	assert_bad("@21 \"/\" 00");
	assert_bad("@20 41  @21 \".\" 00 00 00");
	assert_bad("@20 41  @21 \".\" 00 \".\" 00 00 00");
	assert_int_equal(with("@20 41  @21 \".\" 00 \"a\" 00 00 00").kind,
			 PBF_SLOT_ENTRY);
}

TEST(a_long_name_may_stand_over_a_short_one_that_could_not)
{
	/* NUL in the short name; its checksum is 54 */
	struct outcome outcome = with("@40 \"BCM271~1\" 00*3  @0d 54  @2d 54");

	assert_string_equal(outcome.entry.name, "bcm2711-rpi-4-b.dtb");
}

/*
 * The slots of a name of UNITS equal units, and of its file "A"; the checksum
 * of that is 80.
 */
static struct outcome with_units(size_t units, uint16_t unit)
{
	static const unsigned char places[] = { 1,  3,	5,  7,	9,  14, 16,
						18, 20, 22, 24, 28, 30 };
	unsigned char slots[SLOTS_MAX * PBF_FAT_SLOT_BYTES] = { 0 };
	struct outcome outcome = { .kind = PBF_SLOT_END };
	size_t parts = (units + 12) / 13;

	for (size_t i = 0; i < parts; i++) {
		unsigned char *slot = slots + i * PBF_FAT_SLOT_BYTES;
		size_t part = parts - i;

		slot[0x00] = (unsigned char)(part | (i == 0 ? 0x40 : 0));
		slot[0x0b] = 0x0f;
		slot[0x0d] = 0x80;
		for (size_t j = 0; j < 13; j++) {
			bool is_in = (part - 1) * 13 + j < units;

			slot[places[j]] =
				is_in ? (unsigned char)(unit & 0xff) : 0;
			slot[places[j] + 1] =
				is_in ? (unsigned char)(unit >> 8) : 0;
		}
	}
	hex_parse("\"A          \" 20 00*20",
		  slots + parts * PBF_FAT_SLOT_BYTES, PBF_FAT_SLOT_BYTES);
	feed_all(slots, (parts + 1) * PBF_FAT_SLOT_BYTES, &outcome);
	return outcome;
}

TEST(a_name_has_up_to_255_characters)
{
	struct outcome outcome = with_units(255, 'n');

	assert_int_equal(strlen(outcome.entry.name), 255);
	assert_string_equal(with_units(256, 'n').entry.name, "A");
	assert_string_equal(with_units(260, 'n').entry.name, "A");
}

TEST(a_name_that_is_longer_than_255_bytes_is_shown_by_its_alias)
{
	/* the euro sign: 3 bytes */
	struct outcome outcome = with_units(85, 0x20ac);

	assert_int_equal(strlen(outcome.entry.name), 255);
	/* a umlaut: 2 bytes */
	outcome = with_units(127, 0xe4);
	assert_int_equal(strlen(outcome.entry.name), 254);
	assert_string_equal(with_units(128, 0xe4).entry.name, "A");
	assert_string_equal(with_units(86, 0x20ac).entry.name, "A");
	assert_string_equal(with_units(255, 0x20ac).entry.name, "A");
}

TEST(more_parts_than_20_leave_the_short_name)
{
	assert_string_equal(with_units(21 * 13, 'n').entry.name, "A");
	assert_short("@00 7f");
	assert_short("@00 c2");
	assert_short("@00 ff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_name_stands_before_its_file),
		cmocka_unit_test(another_checksum_leaves_the_short_name),
		cmocka_unit_test(a_part_out_of_order_leaves_the_short_name),
		cmocka_unit_test(a_missing_part_leaves_the_short_name),
		cmocka_unit_test(a_last_part_alone_leaves_the_short_name),
		cmocka_unit_test(
			an_orphan_without_a_last_part_leaves_the_short_name),
		cmocka_unit_test(order_0_leaves_the_short_name),
		cmocka_unit_test(a_last_part_starts_anew),
		cmocka_unit_test(
			something_else_in_between_leaves_the_short_name),
		cmocka_unit_test(a_long_name_counts_for_one_file_only),
		cmocka_unit_test(
			only_four_attributes_together_make_a_long_name),
		cmocka_unit_test(an_empty_long_name_leaves_the_short_name),
		cmocka_unit_test(a_name_that_fills_its_parts_needs_no_end),
		cmocka_unit_test(characters_outside_ascii_become_utf_8),
		cmocka_unit_test(a_lone_surrogate_is_replaced),
		cmocka_unit_test(a_long_name_that_no_path_can_have_is_hidden),
		cmocka_unit_test(
			a_long_name_may_stand_over_a_short_one_that_could_not),
		cmocka_unit_test(a_name_has_up_to_255_characters),
		cmocka_unit_test(
			a_name_that_is_longer_than_255_bytes_is_shown_by_its_alias),
		cmocka_unit_test(more_parts_than_20_leave_the_short_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
