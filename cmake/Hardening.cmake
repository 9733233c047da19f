# SPDX-License-Identifier: BSD-2-Clause
# What Debian builds its packages with, and sanitizers instead where asked for.
include(CheckCCompilerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(pibootfs-hardening INTERFACE)

function(harden_with flag)
	string(MAKE_C_IDENTIFIER "HAVE${flag}" known)
	check_c_compiler_flag(${flag} ${known})
	if(${known})
		target_compile_options(pibootfs-hardening INTERFACE ${flag})
	endif()
endfunction()

harden_with(-fstack-protector-strong)
if(PIBOOTFS_SANITIZE)
	# The sanitizers check what _FORTIFY_SOURCE would, and see less of it
	# when both are on.
	target_compile_options(pibootfs-hardening INTERFACE
		-fsanitize=${PIBOOTFS_SANITIZE}
		-fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_link_options(pibootfs-hardening INTERFACE
		-fsanitize=${PIBOOTFS_SANITIZE})
else()
	harden_with(-fstack-clash-protection)
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
		harden_with(-fcf-protection)
	elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
		harden_with(-mbranch-protection=standard)
	endif()
	# glibc wants an optimiser beneath _FORTIFY_SOURCE.
	target_compile_options(pibootfs-hardening INTERFACE
		"$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
endif()
target_link_options(pibootfs-hardening INTERFACE -Wl,-z,relro -Wl,-z,now)
