/* SPDX-License-Identifier: BSD-2-Clause */
#include "nodes.h"

#include <errno.h>

#include "unit.h"
#include "version-bench.h"

#define ROOT_ID 1u
#define FIRST_ID (1ull << 40)
/* So many forgotten numbers are kept. */
#define FORGOTTEN_MAX 16384u

static const struct timespec some_time = { .tv_sec = 7 };

static struct version_bench bench;
static struct pbf_version_table *versions;
static struct nodes *nodes;

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, 1u << 20);
	if (pbf_version_table_new(&bench.shared, FIRST_ID, &versions) < 0)
		return -1;
	return nodes_new(versions, &nodes);
}

static int teardown(void **state)
{
	(void)state;
	nodes_free(nodes);
	pbf_version_table_free(versions);
	version_bench_free(&bench);
	return 0;
}

static uint64_t enter(const char *path)
{
	bool is_new;

	return nodes_enter_directory(nodes, path, some_time, &is_new);
}

static bool is_known(uint64_t id)
{
	struct node node;
	int error = nodes_get(nodes, id, &node);

	if (error == 0)
		node_release(&node);
	return error == 0;
}

static struct pbf_version *look_up(const char *path)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_version *version;

	bench_find(&bench.bench, path, &source, &found);
	assert_int_equal(pbf_version_table_lookup(versions, BENCH_IMAGE,
						  &source, &found, &version),
			 0);
	return version;
}

TEST(the_root_is_known_from_the_start_and_never_forgotten)
{
	struct node node;

	nodes_forget(nodes, ROOT_ID, 1000);
	assert_int_equal(nodes_get(nodes, ROOT_ID, &node), 0);
	assert_true(node.is_root);
	assert_string_equal(node.path, "");
	assert_null(node.version);
	assert_true(node.modified.tv_sec > 0);
	node_release(&node);
}

TEST(a_directory_has_one_number_for_each_path)
{
	bool is_new = false;
	uint64_t id = nodes_enter_directory(nodes, "jammy", some_time, &is_new);

	assert_int_equal(id, FIRST_ID);
	assert_true(is_new);
	assert_int_equal(
		nodes_enter_directory(nodes, "jammy", some_time, &is_new), id);
	assert_false(is_new);
	assert_int_not_equal(enter("noble"), id);
	assert_int_not_equal(enter("JAMMY"), id);
	assert_int_not_equal(enter("jammy/overlays"), id);
}

TEST(a_number_stands_for_its_directory)
{
	static const struct timespec later = { .tv_sec = 8 };
	uint64_t id = enter("jammy/overlays");
	struct node node;
	bool is_new;

	assert_int_equal(nodes_get(nodes, id, &node), 0);
	assert_int_equal(node.id, id);
	assert_false(node.is_root);
	assert_string_equal(node.path, "jammy/overlays");
	assert_int_equal(node.modified.tv_sec, 7);
	assert_null(node.version);
	node_release(&node);
	nodes_enter_directory(nodes, "jammy/overlays", later, &is_new);
	assert_int_equal(nodes_get(nodes, id, &node), 0);
	assert_int_equal(node.modified.tv_sec, 8);
	node_release(&node);
}

TEST(a_number_never_given_out_is_stale)
{
	struct node node;

	assert_int_equal(nodes_get(nodes, 77, &node), -ESTALE);
	nodes_forget(nodes, 77, 1);
}

TEST(a_file_has_the_number_of_its_version)
{
	struct pbf_version *version = look_up("CONFIG.TXT");
	uint64_t id = nodes_enter_file(nodes, version);
	struct node node;

	assert_int_equal(id, pbf_version_id(version));
	assert_int_equal(nodes_enter_file(nodes, version), id);
	pbf_version_unref(version);
	assert_int_equal(nodes_get(nodes, id, &node), 0);
	assert_ptr_equal(node.version, version);
	assert_null(node.path);
	node_release(&node);
}

/* Enters and forgets COUNT other directories. */
static void forget_others(unsigned int count)
{
	char path[] = "other00000";

	for (unsigned int i = 0; i < count; i++) {
		unsigned int digits = i;

		for (size_t j = 9; j >= 5; j--, digits /= 10)
			path[j] = (char)('0' + digits % 10);
		nodes_forget(nodes, enter(path), 1);
	}
}

TEST(what_was_forgotten_is_kept_for_a_while)
{
	uint64_t id = enter("jammy");

	nodes_forget(nodes, id, 1);
	assert_true(is_known(id));
	forget_others(FORGOTTEN_MAX - 1);
	assert_true(is_known(id));
	assert_int_equal(enter("jammy"), id);
}

TEST(what_was_forgotten_first_goes_first)
{
	uint64_t id = enter("jammy");

	nodes_forget(nodes, id, 1);
	forget_others(FORGOTTEN_MAX);
	assert_false(is_known(id));
	assert_int_not_equal(enter("jammy"), id);
}

TEST(what_the_kernel_knows_is_kept_however_much_else_is_forgotten)
{
	uint64_t id = enter("jammy"), again;

	again = enter("jammy");
	assert_int_equal(again, id);
	nodes_forget(nodes, id, 1);
	forget_others(2 * FORGOTTEN_MAX);
	assert_true(is_known(id));
	nodes_forget(nodes, id, 1);
	forget_others(FORGOTTEN_MAX);
	assert_false(is_known(id));
}

TEST(what_the_kernel_asks_for_again_is_not_forgotten)
{
	uint64_t id = enter("jammy");

	nodes_forget(nodes, id, 1);
	assert_int_equal(enter("jammy"), id);
	forget_others(2 * FORGOTTEN_MAX);
	assert_true(is_known(id));
}

TEST(lookups_are_forgotten_by_count)
{
	uint64_t id = enter("jammy");

	enter("jammy");
	enter("jammy");
	nodes_forget(nodes, id, 2);
	forget_others(FORGOTTEN_MAX);
	assert_true(is_known(id));
	nodes_forget(nodes, id, 1000); /* more than there were */
	forget_others(FORGOTTEN_MAX);
	assert_false(is_known(id));
}

TEST(a_retired_version_goes_when_the_kernel_forgets_it)
{
	struct pbf_version *version = look_up("CONFIG.TXT");
	uint64_t id = nodes_enter_file(nodes, version);

	nodes_enter_file(nodes, version);
	nodes_retire(nodes, id);
	assert_true(is_known(id));
	nodes_forget(nodes, id, 1);
	assert_true(is_known(id));
	nodes_forget(nodes, id, 1);
	assert_false(is_known(id));
	pbf_version_unref(version);
}

TEST(a_version_already_forgotten_goes_when_it_is_retired)
{
	struct pbf_version *version = look_up("CONFIG.TXT");
	uint64_t id = nodes_enter_file(nodes, version);

	nodes_forget(nodes, id, 1);
	assert_true(is_known(id));
	nodes_retire(nodes, id);
	assert_false(is_known(id));
	nodes_retire(nodes, id); /* nor is it known now */
	pbf_version_unref(version);
}

TEST(a_version_nobody_knows_is_dropped_from_the_table)
{
	struct pbf_version *version = look_up("CONFIG.TXT"), *next;
	uint64_t id = nodes_enter_file(nodes, version);

	nodes_forget(nodes, id, 1);
	forget_others(FORGOTTEN_MAX);
	assert_false(is_known(id));
	next = look_up("CONFIG.TXT");
	assert_int_not_equal(pbf_version_id(next), id);
	pbf_version_unref(next);
	pbf_version_unref(version);
}

TEST(a_node_lives_on_for_who_has_it)
{
	uint64_t id = enter("jammy");
	struct node node;

	assert_int_equal(nodes_get(nodes, id, &node), 0);
	nodes_forget(nodes, id, 1);
	forget_others(FORGOTTEN_MAX);
	assert_string_equal(node.path, "jammy");
	node_release(&node);
	assert_null(node.path);
	node_release(&node);
}

TEST(freeing_nothing_is_allowed)
{
	nodes_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(the_root_is_known_from_the_start_and_never_forgotten),
		CLAIM(a_directory_has_one_number_for_each_path),
		CLAIM(a_number_stands_for_its_directory),
		CLAIM(a_number_never_given_out_is_stale),
		CLAIM(a_file_has_the_number_of_its_version),
		CLAIM(what_was_forgotten_is_kept_for_a_while),
		CLAIM(what_was_forgotten_first_goes_first),
		CLAIM(what_the_kernel_knows_is_kept_however_much_else_is_forgotten),
		CLAIM(what_the_kernel_asks_for_again_is_not_forgotten),
		CLAIM(lookups_are_forgotten_by_count),
		CLAIM(a_retired_version_goes_when_the_kernel_forgets_it),
		CLAIM(a_version_already_forgotten_goes_when_it_is_retired),
		CLAIM(a_version_nobody_knows_is_dropped_from_the_table),
		CLAIM(a_node_lives_on_for_who_has_it),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
