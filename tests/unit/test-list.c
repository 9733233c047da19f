/* SPDX-License-Identifier: BSD-2-Clause */
#include "list.h"

#include "unit.h"

struct thing {
	int number;
	struct pbf_list item;
};

/* The numbers of the things in LIST, as digits. */
static unsigned int digits_of(const struct pbf_list *list)
{
	unsigned int digits = 0;

	for (struct pbf_list *item = list->next; item != list;
	     item = item->next)
		digits = digits * 10 +
			 (unsigned int)PBF_CONTAINER(item, struct thing, item)
				 ->number;
	return digits;
}

TEST(a_new_list_is_empty)
{
	struct pbf_list list;

	pbf_list_init(&list);
	assert_true(pbf_list_is_empty(&list));
}

TEST(items_stay_in_the_order_they_came_in)
{
	struct thing one = { .number = 1 }, two = { .number = 2 },
		     three = { .number = 3 };
	struct pbf_list list;

	pbf_list_init(&list);
	pbf_list_append(&list, &one.item);
	pbf_list_append(&list, &two.item);
	pbf_list_append(&list, &three.item);
	assert_false(pbf_list_is_empty(&list));
	assert_int_equal(digits_of(&list), 123);
	assert_ptr_equal(list.previous, &three.item);
}

TEST(appending_to_an_item_inserts_before_it)
{
	struct thing one = { .number = 1 }, two = { .number = 2 };
	struct pbf_list list;

	pbf_list_init(&list);
	pbf_list_append(&list, &two.item);
	pbf_list_append(&two.item, &one.item);
	assert_int_equal(digits_of(&list), 12);
}

TEST(an_item_can_be_removed_from_the_middle_and_from_the_ends)
{
	struct thing things[4] = { { .number = 1 },
				   { .number = 2 },
				   { .number = 3 },
				   { .number = 4 } };
	struct pbf_list list;

	pbf_list_init(&list);
	for (size_t i = 0; i < 4; i++)
		pbf_list_append(&list, &things[i].item);
	pbf_list_remove(&things[1].item);
	assert_int_equal(digits_of(&list), 134);
	pbf_list_remove(&things[0].item);
	pbf_list_remove(&things[3].item);
	assert_int_equal(digits_of(&list), 3);
}

TEST(removing_an_item_twice_does_no_harm)
{
	struct thing one = { .number = 1 }, two = { .number = 2 };
	struct pbf_list list;

	pbf_list_init(&list);
	pbf_list_append(&list, &one.item);
	pbf_list_append(&list, &two.item);
	pbf_list_remove(&one.item);
	assert_true(pbf_list_is_empty(&one.item));
	pbf_list_remove(&one.item);
	assert_int_equal(digits_of(&list), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_list_is_empty),
		cmocka_unit_test(items_stay_in_the_order_they_came_in),
		cmocka_unit_test(appending_to_an_item_inserts_before_it),
		cmocka_unit_test(
			an_item_can_be_removed_from_the_middle_and_from_the_ends),
		cmocka_unit_test(removing_an_item_twice_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
