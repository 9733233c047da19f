# SPDX-License-Identifier: BSD-2-Clause
# The warnings every file of ours is compiled with, by gcc 12 and clang 14
# alike.  They are errors in the presets only, so that a newer compiler cannot
# break somebody's build.
add_library(pibootfs-warnings INTERFACE)
target_compile_options(pibootfs-warnings INTERFACE
	-Wall
	-Wextra
	-Wshadow
	-Wstrict-prototypes
	-Wmissing-prototypes
	-Wcast-align
	-Wcast-qual
	-Wwrite-strings
	-Wvla
	-Wundef
	-Wformat=2
	-Wswitch-enum
	-Wconversion
	-Wsign-conversion
	-Wnull-dereference)
