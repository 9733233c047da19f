# SPDX-License-Identifier: BSD-2-Clause
# For scripts that mount: what they run has namespaces of its own for mounts
# and processes, so that none is left however the script ends, by SIGKILL too.
# shellcheck shell=bash

apart_child=

# Runs a command there; its status is the command's.  A lock that the script
# holds on descriptor 9 is not the command's.
apart() {
	local status=0
	setpriv --pdeathsig KILL unshare --mount --propagation private \
		--pid --kill-child --mount-proc "$@" </dev/null 9>&- &
	apart_child=$!
	wait "$apart_child" || status=$?
	apart_child=
	return "$status"
}

# Calls a function of the script when it ends, with no such command running.
when_done() {
	# shellcheck disable=SC2064  # the function's name is known now
	trap "end_apart; $1" EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

end_apart() {
	[ -z "$apart_child" ] ||
		{ kill -KILL "$apart_child" && wait "$apart_child"; } \
			2>/dev/null || true
}
