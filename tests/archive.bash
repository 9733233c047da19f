# SPDX-License-Identifier: BSD-2-Clause
# For scripts that have apt and debootstrap fetch packages: where from, and how
# to tell whether it was the net or a server that failed them.
# shellcheck shell=bash

# shellcheck disable=SC2034  # for those that read this file
mirror=${DEBIAN_MIRROR:-http://deb.debian.org}

# Is it in the log that Debian's archive could not be reached?  Prints the line
# that says so.  That a package or a lock is not to be had is not among them.
is_out_of_reach() { # log
	grep -E -m 1 -e '^E: (Failed to fetch|Unable to fetch) ' \
		-e '^E: Could not (resolve|connect)' -e '^E: Unable to connect' \
		-e "^E: Couldn't download" -e '^E: Failed getting release file' \
		-e '^E: The repository .* (does not have|no longer has) a Release' \
		-e '^E: Release file for .* is (expired|not valid yet)' "$1"
}
