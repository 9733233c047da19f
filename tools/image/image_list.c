/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "image_table.h"
#include "image_tree.h"
#include "image_view.h"
#include "say.h"

struct list {
	const struct image_view *view;
	const struct image_options *options;
	bool begun; /* something was printed before */
};

static int print_name(const struct image_entry *entry)
{
	_cleanup_free_ char *clean = say_masked(entry->name);

	if (!clean)
		return -ENOMEM;
	printf("%s%s\n", clean, entry->is_directory ? "/" : "");
	return 0;
}

static int add_line(struct libscols_table *table,
		    const struct image_entry *entry)
{
	_cleanup_free_ char *name = NULL;
	char size[16] = "-", modified[32] = "";
	const char *cells[] = { size, modified, NULL };
	struct tm broken_down;

	if (!entry->is_directory)
		snprintf(size, sizeof(size), "%u", entry->size_bytes);
	if (gmtime_r(&entry->modified.tv_sec, &broken_down))
		strftime(modified, sizeof(modified), "%Y-%m-%d %H:%M:%S",
			 &broken_down);
	if (asprintf(&name, "%s%s", entry->name,
		     entry->is_directory ? "/" : "") < 0) {
		name = NULL;
		return -ENOMEM;
	}
	cells[2] = name;
	return image_table_add(table, cells);
}

static int print_table(const struct image_entry *entries, size_t count)
{
	static const struct image_column columns[] = {
		{ "SIZE", SCOLS_FL_RIGHT },
		{ "MODIFIED", 0 },
		{ "NAME", 0 },
		{ NULL, 0 },
	};
	_cleanup_table_ struct libscols_table *table =
		image_table_new(columns, true);
	int error = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && error == 0; i++)
		error = add_line(table, &entries[i]);
	/* libsmartcols says something about a table without lines. */
	return error < 0 || count == 0 ? error : image_table_print(table);
}

/* libsmartcols, too, fails only without memory; that is said. */
static int print_entries(const struct list *list,
			 const struct image_entry *entries, size_t count)
{
	int error = 0;

	if (list->options->long_listing)
		error = print_table(entries, count);
	else
		for (size_t i = 0; i < count && error == 0; i++)
			error = print_name(&entries[i]);
	return error < 0 ? image_view_no_memory(list->view) : 0;
}

/* One directory of several, under its name. */
static int print_directory(void *context, const struct image_step *step)
{
	struct list *list = context;
	_cleanup_free_ char *clean = say_masked(step->path);

	if (!clean)
		return image_view_no_memory(list->view);
	printf("%s/%s:\n", list->begun ? "\n" : "", clean);
	list->begun = true;
	return print_entries(list, step->dir->entries, step->dir->count);
}

static int print_one(struct image_view *view, const struct list *list,
		     const struct image_entry *entry, const char *path)
{
	_cleanup_dir_ struct image_dir dir = { .count = 0 };
	int damage, error;

	if (!entry->is_directory)
		return print_entries(list, entry, 1);
	damage = image_dir_read(view, entry->first_cluster, path, &dir);
	if (damage == -ENOMEM)
		return damage;
	error = print_entries(list, dir.entries, dir.count);
	return error < 0 ? error : damage;
}

static int list_found(struct image_view *view,
		      const struct image_options *options,
		      struct pbf_found *found)
{
	struct list list = { .view = view, .options = options };
	const struct image_visitor visitor = { .enter = print_directory,
					       .context = &list };
	struct image_entry entry = image_entry_of(found, found->path);

	if (options->recursive && entry.is_directory)
		return image_tree_walk(view, &entry, found->path, &visitor);
	return print_one(view, &list, &entry, found->path);
}

int image_list(const struct image_options *options)
{
	_cleanup_view_ struct image_view view = { .name = NULL };
	_cleanup_found_ struct pbf_found found = { .path = NULL };
	int error = image_view_open_all(options, &view);

	if (error == 0)
		error = image_view_find(&view, options->path, &found);
	if (error == 0)
		error = list_found(&view, options, &found);
	if (!say_end_of_output() || error != 0)
		return EXIT_UNREADABLE;
	return 0;
}
