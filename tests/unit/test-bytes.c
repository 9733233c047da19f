/* SPDX-License-Identifier: BSD-2-Clause */
#include "bytes.h"

#include "unit.h"

static const unsigned char bytes[] = { 0xf1, 0xe2, 0xd3, 0xc4,
				       0xb5, 0xa6, 0x97, 0x88 };

TEST(sixteen_bits_come_low_byte_first)
{
	assert_int_equal(get_le16(bytes), 0xe2f1);
	assert_int_equal(get_le16(bytes + 1), 0xd3e2);
}

TEST(thirty_two_bits_come_low_byte_first)
{
	assert_int_equal(get_le32(bytes), 0xc4d3e2f1);
	assert_int_equal(get_le32(bytes + 3), 0x97a6b5c4);
}

TEST(sixty_four_bits_come_low_byte_first)
{
	assert_int_equal(get_le64(bytes), 0x8897a6b5c4d3e2f1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_bits_come_low_byte_first),
		cmocka_unit_test(thirty_two_bits_come_low_byte_first),
		cmocka_unit_test(sixty_four_bits_come_low_byte_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
