# SPDX-License-Identifier: BSD-2-Clause
# What bash offers behind "pibootfs-prep"; installed under that name.

_pibootfs_prep() {
	# shellcheck disable=SC2034  # _init_completion sets them
	local cur prev words cword split
	_init_completion -s || return

	case $prev in
	--copy | --nbd-conf | --dnsmasq-conf | --serial)
		_filedir
		return
		;;
	--tftp-root)
		_filedir -d
		return
		;;
	--initramfs)
		mapfile -t COMPREPLY < <(
			compgen -W 'initramfs-tools dracut' -- "$cur")
		return
		;;
	--interface)
		_available_interfaces -a
		return
		;;
	--nbd-host)
		_known_hosts_real -- "$cur"
		return
		;;
	--nbd-user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	--ip)
		mapfile -t COMPREPLY < <(compgen -W 'dhcp' -- "$cur")
		return
		;;
	--mac | --name | --nbd-name | --packages | --partition | -p | \
		--remove | --root-partition | --sha256 | --size | --subnet)
		return
		;;
	esac
	$split && return

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '
			--check --copy --dns --dnsmasq-conf --dry-run --force
			--help --initramfs --interface --ip --mac --name
			--nbd-conf --nbd-host --nbd-name --nbd-user --packages
			--partition --quiet --remove --root-partition --serial
			--sha256 --size --subnet --tftp-root --verbose
			--version' -- "$cur")
		return
	fi
	_filedir '@(img|raw|xz|gz|zst|bz2)'
} && complete -F _pibootfs_prep pibootfs-prep
