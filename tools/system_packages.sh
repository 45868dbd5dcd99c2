#!/usr/bin/env bash
# system_packages.sh [board | xtensa]: what the build needs from the system, and what the emulated board or the counting
# of instructions needs besides. Installed when run as root, else named in one line to type.
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null || missing+=("$2")
}
if [ "${1:-}" = xtensa ]; then
    need xtensa-lx106-elf-gcc gcc-xtensa-lx106
    need qemu-system-xtensa qemu-system-misc
    [ -e /usr/lib/xtensa-lx106-elf/include/string.h ] || missing+=(picolibc-xtensa-lx106-elf)
fi
need gcc gcc
need pkg-config pkg-config
need dpkg-source dpkg-dev
need git git
need xz xz-utils
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
[ -e /usr/include/stdio.h ] || [ -e "/usr/include/$(uname -m)-linux-gnu/stdio.h" ] || missing+=(libc6-dev)
if [ "$(uname -m)" = x86_64 ] && command -v gcc >/dev/null; then
    # MicroPython once more with 32-bit integers and pointers, as on the robot
    echo 'int main(void){return 0;}' | gcc -m32 -x c - -o /dev/null 2>/dev/null || missing+=(gcc-multilib)
elif [ "$(uname -m)" = x86_64 ]; then
    missing+=(gcc-multilib)
fi
if [ "${1:-}" = board ]; then
    # the emulated board: an ARM compiler and an emulator; what ESP-IDF is built with, to try the module's part of it
    need arm-none-eabi-gcc gcc-arm-none-eabi
    echo '#include <string.h>' | arm-none-eabi-gcc -E - >/dev/null 2>&1 || missing+=(libnewlib-arm-none-eabi)
    need qemu-system-arm qemu-system-arm
    need cmake cmake
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "error: these Debian packages, or what your system calls them, are missing: ${missing[*]}" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "error: some system packages are missing. Type this, then run make again:" >&2
    echo "    sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
