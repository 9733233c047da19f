/* SPDX-License-Identifier: BSD-2-Clause */
#include "foreign.h"

#include "unit.h"

static void assert_head(const char *magic, size_t length, size_t offset,
			const char *text)
{
	unsigned char head[512] = { 0 };
	const char *found;

	memcpy(head + offset, magic, length);
	found = pbf_foreign_by_head(head, offset + length);
	assert_non_null(found);
	assert_ptr_equal(strstr(found, text), found);
	assert_null(pbf_foreign_by_head(head, offset + length - 1));
	head[offset + length - 1] ^= 1;
	assert_null(pbf_foreign_by_head(head, sizeof(head)));
}

TEST(formats_are_known_by_how_they_begin)
{
	assert_head("\xfd\x37zXZ", 6, 0, "xz-compressed, not a raw image: ");
	assert_head("\x1f\x8b\x08", 3, 0, "gzip-compressed");
	assert_head("\x28\xb5\x2f\xfd", 4, 0, "zstd-compressed");
	assert_head("BZh91AY&SY", 10, 0, "bzip2-compressed");
	assert_head("PK\3\4", 4, 0, "a zip archive");
	assert_head("QFI\xfb", 4, 0, "a qcow2 image, not a raw image: ");
	assert_head("conectix", 8, 0, "a VHD image");
	assert_head("vhdxfile", 8, 0, "a VHDX image");
	assert_head("KDMV", 4, 0, "a VMDK image");
	assert_head("COWD", 4, 0, "a VMDK image");
	assert_head("# Disk DescriptorFile", 21, 0, "a VMDK image");
	assert_head("\x7f\x10\xda\xbe", 4, 64, "a VDI image");
}

TEST(a_vhd_of_fixed_size_is_known_by_its_end)
{
	unsigned char tail[PBF_FOREIGN_TAIL_BYTES] = "conectix";

	assert_non_null(strstr(pbf_foreign_by_tail(tail), "VHD"));
	tail[7] = 'y';
	assert_null(pbf_foreign_by_tail(tail));
}

TEST(a_name_says_what_a_file_should_be)
{
	const char *suffix;
	char directory[PBF_ENTRY_BYTES];

	for (size_t i = 0; (suffix = pbf_foreign_suffix(i)); i++) {
		char name[64] = "jammy";

		assert_non_null(
			pbf_foreign_by_name(strcat(name, suffix), directory));
		assert_string_equal(directory, "jammy");
	}
	assert_non_null(strstr(pbf_foreign_by_name("jammy.img.xz", directory),
			       "xz-compressed"));
	assert_null(pbf_foreign_by_name(".img.xz", directory));
	assert_null(pbf_foreign_by_name("jammy.img", directory));
	assert_null(pbf_foreign_by_name("notes.txt.gz", directory));
	assert_null(pbf_foreign_by_name("backup.tar.xz", directory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_known_by_how_they_begin),
		cmocka_unit_test(a_vhd_of_fixed_size_is_known_by_its_end),
		cmocka_unit_test(a_name_says_what_a_file_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
