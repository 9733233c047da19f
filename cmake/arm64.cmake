# SPDX-License-Identifier: BSD-2-Clause
# Debian's compiler for arm64 on another architecture, with the libraries of
# packages such as libfuse3-dev:arm64, and QEMU to run what is built.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR}
	/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
