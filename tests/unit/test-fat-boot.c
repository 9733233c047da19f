/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_boot.h"

#include <errno.h>
#include <stdio.h>

#include "hex.h"
#include "unit.h"

#define MIB (1024ull * 1024)

/* A boot sector from a fixture, with other bytes laid over it. */
static int decode(const char *fixture, const char *overlay,
		  uint64_t volume_bytes, struct pbf_fat_geometry *ret_geometry,
		  struct pbf_reason *why)
{
	unsigned char sector[PBF_FAT_BOOT_BYTES] = { 0 };

	hex_load(fixture, sector, sizeof(sector));
	hex_parse(overlay, sector, sizeof(sector));
	return pbf_fat_boot_decode(sector, volume_bytes, ret_geometry, why);
}

static struct pbf_fat_geometry accept(const char *fixture, const char *overlay)
{
	struct pbf_fat_geometry geometry;
	struct pbf_reason why = { .text = "" };

	if (decode(fixture, overlay, 256 * MIB, &geometry, &why) < 0)
		fail_msg("refused: %s", why.text);
	return geometry;
}

static void refuse(const char *fixture, const char *overlay, uint64_t offset,
		   const char *words)
{
	struct pbf_fat_geometry geometry = { .cluster_bytes = 77 };
	struct pbf_reason why = { .text = "" };

	assert_int_equal(decode(fixture, overlay, 256 * MIB, &geometry, &why),
			 -EUCLEAN);
	assert_reason(why, offset, words);
	assert_int_equal(geometry.cluster_bytes, 77);
}

static void assert_label(const struct pbf_fat_geometry *geometry,
			 const char *label)
{
	assert_memory_equal(geometry->label, label, PBF_FAT_LABEL_BYTES);
}

TEST(a_fat32_has_its_root_in_a_cluster)
{
	struct pbf_fat_geometry geometry = accept("fat32-boot.hex", "");

	assert_int_equal(geometry.type, PBF_FAT32);
	assert_int_equal(geometry.sector_bytes, 512);
	assert_int_equal(geometry.cluster_bytes, 4096);
	assert_int_equal(geometry.fat_count, 2);
	assert_int_equal(geometry.active_fat, 0);
	assert_int_equal(geometry.fat_start, 32 * 512);
	assert_int_equal(geometry.fat_bytes, 512 * 512);
	assert_int_equal(geometry.root_cluster, 2);
	assert_int_equal(geometry.root_bytes, 0);
	assert_int_equal(geometry.data_start, (32 + 2 * 512) * 512);
	assert_int_equal(geometry.cluster_count, (524288 - 1056) / 8);
	assert_label(&geometry, "system-boot");
	assert_false(geometry.dirty);
}

TEST(a_fat16_has_its_root_behind_the_fats)
{
	struct pbf_fat_geometry geometry = accept("fat16-boot.hex", "");

	assert_int_equal(geometry.type, PBF_FAT16);
	assert_int_equal(geometry.cluster_bytes, 2048);
	assert_int_equal(geometry.fat_start, 4 * 512);
	assert_int_equal(geometry.fat_bytes, 128 * 512);
	assert_int_equal(geometry.root_start, (4 + 256) * 512);
	assert_int_equal(geometry.root_bytes, 512 * 32);
	assert_int_equal(geometry.root_cluster, 0);
	assert_int_equal(geometry.data_start, (4 + 256 + 32) * 512);
	assert_int_equal(geometry.cluster_count, 32695);
	assert_label(&geometry, "BOOT       ");
	assert_true(geometry.dirty);
}

TEST(a_floppy_disk_is_fat12)
{
	struct pbf_fat_geometry geometry = accept("fat12-boot.hex", "");

	assert_int_equal(geometry.type, PBF_FAT12);
	assert_int_equal(geometry.cluster_count, 2847);
	assert_int_equal(geometry.root_start, 19 * 512);
	assert_int_equal(geometry.data_start, 33 * 512);
	assert_label(&geometry, "NO NAME    ");
	assert_false(geometry.dirty);
}

TEST(a_fat32_that_is_mounted_is_dirty)
{
	assert_true(accept("fat32-boot.hex", "@41 01").dirty);
	assert_false(accept("fat32-boot.hex", "@41 02").dirty);
	assert_false(accept("fat32-boot.hex", "@25 01").dirty);
}

TEST(a_fat32_with_few_clusters_is_a_fat32)
{
	/* 16 MiB: 3964 clusters, which would make a FAT12 */
	struct pbf_fat_geometry geometry =
		accept("fat32-boot.hex", "@20 00 80 00 00");

	assert_int_equal(geometry.type, PBF_FAT32);
	assert_int_equal(geometry.cluster_count, (32768 - 1056) / 8);
}

TEST(the_strings_do_not_decide_the_type)
{
	assert_int_equal(accept("fat32-boot.hex", "@52 \"FAT12   \"").type,
			 PBF_FAT32);
	assert_int_equal(accept("fat12-boot.hex", "@36 \"FAT32   \"").type,
			 PBF_FAT12);
}

/* A floppy's layout with this many clusters of one sector. */
static struct pbf_fat_geometry with_clusters(uint32_t clusters)
{
	uint32_t sectors = 1 + 2 * 0x200 + 14 + clusters;
	char overlay[128];

	snprintf(overlay, sizeof(overlay),
		 "@13 00 00  @16 00 02  @20 %02x %02x %02x 00", sectors & 0xff,
		 sectors >> 8 & 0xff, sectors >> 16);
	return accept("fat12-boot.hex", overlay);
}

TEST(the_number_of_clusters_tells_fat12_from_fat16)
{
	assert_int_equal(with_clusters(4084).type, PBF_FAT12);
	assert_int_equal(with_clusters(4085).type, PBF_FAT16);
	assert_int_equal(with_clusters(65524).type, PBF_FAT16);
	assert_int_equal(with_clusters(65524).cluster_count, 65524);
}

TEST(more_clusters_than_fat16_can_have_are_refused)
{
	/* 1 + 2 * 0x200 + 14 + 65525 sectors */
	refuse("fat12-boot.hex", "@13 00 00  @16 00 02  @20 04 04 01 00", 0x16,
	       "65525 clusters");
}

TEST(there_are_no_more_clusters_than_the_fat_has_entries_for)
{
	/* one sector of FAT: 128, 256 and 341 entries, two of them reserved */
	assert_int_equal(accept("fat32-boot.hex", "@24 01 00").cluster_count,
			 512 - 386);
	assert_int_equal(accept("fat16-boot.hex", "@16 01 00").cluster_count,
			 254);
	assert_int_equal(accept("fat12-boot.hex", "@16 01 00").cluster_count,
			 339);
}

TEST(a_fat32_has_no_more_clusters_than_28_bits_can_name)
{
	/* 2^32-1 sectors, one a cluster; a FAT of 2^25 sectors */
	struct pbf_fat_geometry geometry = accept(
		"fat32-boot.hex", "@0d 01  @20 ff ff ff ff  @24 00 00 00 02");

	assert_int_equal(geometry.cluster_count, 0x0ffffff5);
}

TEST(sectors_of_512_to_4096_bytes_are_understood)
{
	assert_int_equal(accept("fat32-boot.hex", "@0b 00 02").sector_bytes,
			 512);
	assert_int_equal(accept("fat32-boot.hex", "@0b 00 10").sector_bytes,
			 4096);
	refuse("fat32-boot.hex", "@0b 00 01", 0x0b, "sectors of 256 bytes");
	refuse("fat32-boot.hex", "@0b 00 20", 0x0b, "sectors of 8192 bytes");
	refuse("fat32-boot.hex", "@0b 00 03", 0x0b, "sectors of 768 bytes");
	refuse("fat32-boot.hex", "@0b 00 00", 0x0b, "sectors of 0 bytes");
}

TEST(clusters_have_a_power_of_two_of_sectors)
{
	assert_int_equal(accept("fat32-boot.hex", "@0d 01").cluster_bytes, 512);
	assert_int_equal(
		accept("fat32-boot.hex", "@0b 00 10  @0d 80").cluster_bytes,
		512 * 1024);
	refuse("fat32-boot.hex", "@0d 00", 0x0d, "clusters of 0 sectors");
	refuse("fat32-boot.hex", "@0d 03", 0x0d, "clusters of 3 sectors");
}

TEST(a_volume_has_a_reserved_sector)
{
	assert_int_equal(accept("fat32-boot.hex", "@0e 01 00").fat_start, 512);
	refuse("fat32-boot.hex", "@0e 00 00", 0x0e, "no reserved sectors");
}

TEST(a_volume_has_a_fat)
{
	assert_int_equal(accept("fat32-boot.hex", "@10 01").data_start,
			 (32 + 512) * 512);
	assert_int_equal(accept("fat32-boot.hex", "@10 ff").fat_count, 255);
	refuse("fat32-boot.hex", "@10 00", 0x10, "no FAT");
	refuse("fat32-boot.hex", "@24 00 00", 0x24, "FAT of no sectors");
}

TEST(huge_fats_do_not_wrap_around)
{
	refuse("fat32-boot.hex", "@10 02  @24 01 00 00 80", 0x20,
	       "ends before its data");
	refuse("fat32-boot.hex", "@0b 00 10  @10 ff  @24 ff ff ff ff", 0x20,
	       "ends before its data");
}

TEST(the_data_begin_within_the_volume)
{
	/* 1056 sectors lie before the data */
	assert_int_equal(
		accept("fat32-boot.hex", "@20 28 04 00 00").cluster_count, 1);
	assert_int_equal(
		accept("fat32-boot.hex", "@20 20 04 00 00").cluster_count, 0);
	refuse("fat32-boot.hex", "@20 1f 04 00 00", 0x20,
	       "1055 sectors ends before");
}

TEST(the_16_bit_size_wins)
{
	assert_int_equal(
		accept("fat12-boot.hex", "@20 ff ff 00 00").cluster_count,
		2847);
}

TEST(a_volume_without_a_size_has_that_of_its_container)
{
	struct pbf_fat_geometry geometry;

	assert_int_equal(
		decode("fat32-boot.hex", "@20 00*4", 16 * MIB, &geometry, NULL),
		0);
	assert_int_equal(geometry.cluster_count, (32768 - 1056) / 8);
}

TEST(a_volume_may_be_larger_than_its_container)
{
	struct pbf_fat_geometry geometry;

	assert_int_equal(decode("fat32-boot.hex", "", 1 * MIB, &geometry, NULL),
			 0);
	assert_int_equal(geometry.cluster_count, (524288 - 1056) / 8);
}

TEST(the_root_directory_takes_whole_sectors)
{
	/* 17 entries: 544 bytes */
	struct pbf_fat_geometry geometry =
		accept("fat16-boot.hex", "@11 11 00");

	assert_int_equal(geometry.root_bytes, 544);
	assert_int_equal(geometry.data_start, (4 + 256 + 2) * 512);
}

TEST(a_fat16_may_have_an_empty_root_directory)
{
	struct pbf_fat_geometry geometry =
		accept("fat16-boot.hex", "@11 00 00");

	assert_int_equal(geometry.root_bytes, 0);
	assert_int_equal(geometry.data_start, (4 + 256) * 512);
}

TEST(a_fat32_has_no_fixed_root_directory_whatever_it_says)
{
	assert_int_equal(accept("fat32-boot.hex", "@11 00 02").data_start,
			 (32 + 2 * 512) * 512);
}

TEST(without_mirrors_the_active_fat_is_used)
{
	assert_int_equal(accept("fat32-boot.hex", "@28 81 00").active_fat, 1);
	assert_int_equal(accept("fat32-boot.hex", "@28 80 00").active_fat, 0);
	assert_int_equal(accept("fat32-boot.hex", "@28 01 00").active_fat, 0);
}

TEST(an_active_fat_that_does_not_exist_is_not_used)
{
	assert_int_equal(accept("fat32-boot.hex", "@28 82 00").active_fat, 0);
	assert_int_equal(
		accept("fat32-boot.hex", "@10 03  @28 82 00").active_fat, 2);
}

TEST(no_signature_is_needed)
{
	accept("fat32-boot.hex", "@1fe 00 00");
}

TEST(other_file_systems_are_refused_by_name)
{
	refuse("fat32-boot.hex", "@3 \"EXFAT   \"", 3, "EXFAT");
	refuse("fat32-boot.hex", "@3 \"NTFS    \"", 3, "NTFS");
	refuse("fat32-boot.hex", "@3 \"-FVE-FS-\"", 3, "-FVE-");
	accept("fat32-boot.hex", "@3 \"EXFAT!  \"");
}

TEST(one_sign_of_a_boot_sector_is_enough)
{
	const char *fat12 = "fat12-boot.hex";

	/* without jump, media byte and name of the type; each one back */
	refuse(fat12, "@0 00*3  @15 00  @36 20*8", 0, "no FAT boot sector");
	accept(fat12, "@0 00*3  @15 f0  @36 20*8");
	accept(fat12, "@0 00*3  @15 f8  @36 20*8");
	accept(fat12, "@0 e9 00 00  @15 00  @36 20*8");
	accept(fat12, "@0 eb 3c 90  @15 00  @36 20*8");
	accept(fat12, "@0 00*3  @15 00  @36 \"FAT     \"");
	accept("fat32-boot.hex", "@0 00*3  @15 00");
	refuse(fat12, "@0 00*3  @15 f7  @36 20*8", 0, "no FAT boot sector");
	refuse(fat12, "@0 eb 3c 00  @15 00  @36 20*8", 0, "no FAT boot sector");
}

TEST(an_empty_sector_is_no_boot_sector)
{
	const unsigned char sector[PBF_FAT_BOOT_BYTES] = { 0 };
	struct pbf_fat_geometry geometry;

	assert_int_equal(pbf_fat_boot_decode(sector, MIB, &geometry, NULL),
			 -EUCLEAN);
}

static void assert_odd(const char *overlay, const char *words)
{
	const char *oddity = accept("fat32-boot.hex", overlay).oddity;

	assert_non_null(oddity);
	assert_non_null(strstr(oddity, words));
}

TEST(what_is_strange_but_served_is_told)
{
	assert_odd("@28 81 00", "does not mirror its FAT");
	assert_odd("@2a 01 00", "version other than 0.0");
	assert_odd("@20 00*4", "does not tell its size");
}

TEST(nothing_is_strange_about_a_usual_volume)
{
	assert_null(accept("fat32-boot.hex", "").oddity);
	assert_null(accept("fat32-boot.hex", "@28 80 00").oddity);
	assert_null(accept("fat16-boot.hex", "").oddity);
	assert_null(accept("fat12-boot.hex", "").oddity);
}

TEST(a_label_is_there_only_with_its_signature)
{
	struct pbf_fat_geometry geometry = accept("fat32-boot.hex", "@42 28");

	assert_label(&geometry, "           ");
	geometry = accept("fat16-boot.hex", "@26 00");
	assert_label(&geometry, "           ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fat32_has_its_root_in_a_cluster),
		cmocka_unit_test(a_fat16_has_its_root_behind_the_fats),
		cmocka_unit_test(a_floppy_disk_is_fat12),
		cmocka_unit_test(a_fat32_that_is_mounted_is_dirty),
		cmocka_unit_test(a_fat32_with_few_clusters_is_a_fat32),
		cmocka_unit_test(the_strings_do_not_decide_the_type),
		cmocka_unit_test(the_number_of_clusters_tells_fat12_from_fat16),
		cmocka_unit_test(more_clusters_than_fat16_can_have_are_refused),
		cmocka_unit_test(
			there_are_no_more_clusters_than_the_fat_has_entries_for),
		cmocka_unit_test(
			a_fat32_has_no_more_clusters_than_28_bits_can_name),
		cmocka_unit_test(sectors_of_512_to_4096_bytes_are_understood),
		cmocka_unit_test(clusters_have_a_power_of_two_of_sectors),
		cmocka_unit_test(a_volume_has_a_reserved_sector),
		cmocka_unit_test(a_volume_has_a_fat),
		cmocka_unit_test(huge_fats_do_not_wrap_around),
		cmocka_unit_test(the_data_begin_within_the_volume),
		cmocka_unit_test(the_16_bit_size_wins),
		cmocka_unit_test(
			a_volume_without_a_size_has_that_of_its_container),
		cmocka_unit_test(a_volume_may_be_larger_than_its_container),
		cmocka_unit_test(the_root_directory_takes_whole_sectors),
		cmocka_unit_test(a_fat16_may_have_an_empty_root_directory),
		cmocka_unit_test(
			a_fat32_has_no_fixed_root_directory_whatever_it_says),
		cmocka_unit_test(without_mirrors_the_active_fat_is_used),
		cmocka_unit_test(an_active_fat_that_does_not_exist_is_not_used),
		cmocka_unit_test(no_signature_is_needed),
		cmocka_unit_test(other_file_systems_are_refused_by_name),
		cmocka_unit_test(one_sign_of_a_boot_sector_is_enough),
		cmocka_unit_test(an_empty_sector_is_no_boot_sector),
		cmocka_unit_test(what_is_strange_but_served_is_told),
		cmocka_unit_test(nothing_is_strange_about_a_usual_volume),
		cmocka_unit_test(a_label_is_there_only_with_its_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
