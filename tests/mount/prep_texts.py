# SPDX-License-Identifier: BSD-2-Clause
"""The texts on the boot partitions of the images that people download, word
for word or shortened, and what has to become of them.

What has to become of them is for an NBD server 192.168.1.10 and an export
that is named after the shape.
"""

CMDLINE = {
    "jammy": b"console=serial0,115200 dwc_otg.lpm_enable=0 console=tty1 "
             b"root=LABEL=writable rootfstype=ext4 rootwait fixrtc quiet "
             b"splash\n",
    "noble": b"console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 "
             b"console=tty1 root=LABEL=writable rootfstype=ext4 rootwait "
             b"fixrtc\n",
    "questing": b"console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 "
                b"console=tty1 root=LABEL=writable rootfstype=ext4 panic=10 "
                b"rootwait fixrtc",
    "bookworm": b"console=serial0,115200 console=tty1 "
                b"root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes "
                b"rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot"
                b"\n",
    "slots": b"console=serial0,115200 console=tty1 "
             b"root=PARTUUID=0b7b4ab1-6e31-4f0b-9f24-5a2d37b0aa04 "
             b"rootfstype=ext4 rootwait\n",
}

PREPARED_CMDLINE = {
    "jammy": b"console=serial0,115200 dwc_otg.lpm_enable=0 console=tty1 "
             b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 "
             b"rootfstype=ext4 rootwait fixrtc quiet splash\n",
    "noble": b"console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 "
             b"console=tty1 ip=dhcp nbdroot=192.168.1.10/noble "
             b"root=/dev/nbd0p2 rootfstype=ext4 rootwait fixrtc\n",
    "questing": b"console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 "
                b"console=tty1 ip=dhcp netroot=nbd:192.168.1.10:questing "
                b"rd.neednet=1 root=/dev/nbd0p2 rootfstype=ext4 panic=10 "
                b"rootwait fixrtc",
    "bookworm": b"console=serial0,115200 console=tty1 ip=dhcp "
                b"nbdroot=192.168.1.10/bookworm root=/dev/nbd0p2 "
                b"rootfstype=ext4 fsck.repair=yes rootwait quiet\n",
    "slots": b"console=serial0,115200 console=tty1 ip=dhcp "
             b"nbdroot=192.168.1.10/slots root=/dev/nbd0p4 rootfstype=ext4 "
             b"rootwait\n",
}

CMDLINE_PATH = {"jammy": "cmdline.txt", "noble": "cmdline.txt",
                "questing": "current/cmdline.txt", "bookworm": "cmdline.txt",
                "slots": "cmdline.txt"}

_UBUNTU_CONFIG = b"""\
[all]
kernel=vmlinuz
cmdline=cmdline.txt
initramfs initrd.img followkernel

[pi4]
max_framebuffers=2
arm_boost=1

[all]
# Enable the audio output, I2C and SPI interfaces on the GPIO header. As these
# parameters related to the base device-tree they must appear *before* any
# other dtoverlay= specification
dtparam=audio=on
dtparam=i2c_arm=on
dtparam=spi=on

# Comment out the following line if the edges of the desktop appear outside
# the edges of your display
disable_overscan=1

# If you have issues with audio, you may try uncommenting the following line
# which forces the HDMI output into HDMI mode instead of DVI (which doesn't
# support audio output)
#hdmi_drive=2

# Enable the serial pins
enable_uart=1

# Autoload overlays for any recognized cameras or displays that are attached
# to the CSI/DSI ports. Please note this is for libcamera support, *not* for
# the legacy camera stack
camera_auto_detect=1
display_auto_detect=1

# Config settings specific to arm64
arm_64bit=1
dtoverlay=dwc2

[pi3+]
# Use a smaller contiguous memory area, specifically on the 3A+ to avoid an
# OOM oops on boot.
dtoverlay=vc4-kms-v3d,cma-128

[cm4]
# Enable the USB2 outputs on the IO board (assuming your CM4 is plugged into
# such a board)
dtoverlay=dwc2,dr_mode=host

[all]
"""

CONFIG = {
    "jammy": _UBUNTU_CONFIG,
    "noble": _UBUNTU_CONFIG + b"""
[pi02]
dtoverlay=vc4-kms-v3d,cma-128

[pi5]
arm_boost=1

[all]
""",
    "questing": b"""\
[all]
arm_64bit=1
kernel=vmlinuz
cmdline=cmdline.txt
initramfs initrd.img followkernel

# Place "config.txt" changes (dtparam, dtoverlay, disable_overscan, etc.)
# below this line
[all]
dtparam=audio=on
camera_auto_detect=1
display_auto_detect=1

[pi4]
max_framebuffers=2
arm_boost=1

# The boot assets are in directories of their own, see piboot-try(1)
[all]
os_prefix=current/

[tryboot]
os_prefix=new/
""",
    "bookworm": b"""\
# For more options and information see
# http://rptl.io/configtxt
# Some settings may impact device functionality. See link above for details

# Uncomment some or all of these to enable the optional hardware interfaces
#dtparam=i2c_arm=on
#dtparam=i2s=on
#dtparam=spi=on

# Enable audio (loads snd_bcm2835)
dtparam=audio=on

# Automatically load overlays for detected cameras
camera_auto_detect=1

# Automatically load overlays for detected DSI displays
display_auto_detect=1

# Automatically load initramfs files, if found
auto_initramfs=1

# Enable DRM VC4 V3D driver
dtoverlay=vc4-kms-v3d
max_framebuffers=2

# Don't have the firmware create an initial video= setting in cmdline.txt.
# Use the kernel's default instead.
disable_fw_kms_setup=1

# Run in 64-bit mode
arm_64bit=1

# Disable compensation for displays with overscan
disable_overscan=1

# Run as fast as firmware / board allows
arm_boost=1

[cm4]
# Enable host mode on the 2711 built-in XHCI USB controller.
# This line should be removed if the legacy DWC2 controller is required
# (e.g. for USB device mode) or if USB support is not required.
otg_mode=1

[cm5]
dtoverlay=dwc2,dr_mode=host

[all]
""",
    "slots": b"""\
arm_64bit=1
auto_initramfs=1
kernel=kernel_2712.img
enable_uart=1
""",
}

NETWORK_CONFIG = b"""\
# This file contains a netplan-compatible configuration which cloud-init will
# apply on first-boot (note: it will *not* update the config after the first
# boot). Please refer to the cloud-init documentation and the netplan
# reference for full details.

version: 2
ethernets:
  eth0:
    dhcp4: true
    optional: true
"""

_JAMMY_USER_DATA = b"""\
#cloud-config

# This is the user-data configuration file for cloud-init. By default this sets
# up an initial user called "ubuntu" with password "ubuntu", which must be
# changed at first login. However, many additional actions can be initiated on
# first boot from this file. The cloud-init documentation has more details:
#
# https://cloudinit.readthedocs.io/
#
# Please note that the YAML format employed by this file is sensitive to
# differences in whitespace; if you are editing this file in an editor (like
# Notepad) which uses literal tabs, take care to only use spaces for
# indentation. See the following link for more details:
#
# https://en.wikipedia.org/wiki/YAML
#
# Some additional examples are provided in comments below the default
# configuration.

# On first boot, set the (default) ubuntu user's password to "ubuntu" and
# expire user passwords
chpasswd:
  expire: true
  list:
  - ubuntu:ubuntu

# Enable password authentication with the SSH daemon
ssh_pwauth: true

## On first boot, use ssh-import-id to give the specific users SSH access to
## the default user
#ssh_import_id:
#- lp:my_launchpad_username
#- gh:my_github_username

## Update apt database and upgrade packages on first boot
#package_update: true
#package_upgrade: true

## Install additional packages on first boot
#packages:
#- avahi-daemon
#- rng-tools
#- python3-gpiozero

## Run arbitrary commands at rc.local like time
#runcmd:
#- [ ls, -l, / ]
#- [ sh, -xc, "echo $(date) ': hello world!'" ]
"""

_NOBLE_USER_DATA = b"""\
#cloud-config

# This is the user-data configuration file for cloud-init. By default this sets
# up an initial user called "ubuntu" with password "ubuntu".

chpasswd:
  expire: true
  users:
  - name: ubuntu
    password: ubuntu
    type: text

# Enable password authentication with the SSH daemon
ssh_pwauth: true

packages:
- avahi-daemon   # found by name
#- rng-tools

runcmd:
- [ touch, /run/first-boot ]
"""

USER_DATA = {"jammy": _JAMMY_USER_DATA, "noble": _NOBLE_USER_DATA}

PREPARED_USER_DATA = {
    "jammy": _JAMMY_USER_DATA + b"""\
package_update: true
packages:
- nbd-client
- linux-modules-extra-raspi
""",
    "noble": _NOBLE_USER_DATA.replace(
        b"- avahi-daemon   # found by name\n",
        b"- avahi-daemon   # found by name\n"
        b"- nbd-client\n- linux-modules-extra-raspi\n")
    + b"package_update: true\n",
}

EXPORT = """\
[jammy]
exportname = {path}
flush = true
fua = true
trim = true
"""

DNSMASQ = """\
# pibootfs: begin; pibootfs-prep writes these lines anew
port=0
interface=eth0
bind-dynamic
dhcp-range=192.168.1.0,proxy,255.255.255.0
pxe-service=0,"Raspberry Pi Boot"
enable-tftp
tftp-root={root}
tftp-no-fail
# pibootfs: end
"""
