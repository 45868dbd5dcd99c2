#!/usr/bin/env bash
# fetch.sh FOLDER: a compiler for the ESP32-S2's core, FOLDER/bin/xtensa-s2-elf-gcc and its tools, from Debian trixie:
# its gcc 13 for another Xtensa core takes the S2's from a shared object (gpl/core.c), which is made with the table of
# instructions in qemu's source. 92 MB are fetched, 170 MB stay; nothing is installed, and any Debian will do, for the
# programs run on the C library that they were made for.
set -euo pipefail

folder=$(realpath -m "${1:?name the folder it goes to}")
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/../debian_archive.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "fetching a compiler for the ESP32-S2's core"
if ! debian_archive "$work/apt"; then
    echo "error: Debian's packages could not be fetched: apt knows no Debian mirror, or it did not answer" >&2
    exit 1
fi
cd "$work"
mapfile -t packages < <(apt-get -qq --simulate install gcc-xtensa-lx106 picolibc-xtensa-lx106-elf | awk '/^Inst/ {print $2}')
apt-get -qq download "${packages[@]}"
apt-get -qq source --download-only qemu 2>/dev/null

root="$folder/root"
rm -rf "$folder"
mkdir -p "$root" "$folder/bin"
for package in *.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --exclude './usr/share/*'
done
library=$(dirname "$(echo "$root"/usr/lib/*/libc.so.6)")
loader=$(echo "$library"/ld-linux*)
internal=$(dirname "$(find "$root/usr/lib/gcc" -name cc1)")

# the table is written for qemu and for binutils, and names a few things that either would declare before it
mkdir qemu
tar -xf qemu_*.orig.tar.* -C qemu --strip-components=1 --wildcards '*/target/xtensa/*' '*/include/hw/xtensa/xtensa-isa.h'
sed -i '/osdep\.h/d' qemu/target/xtensa/core-de212/xtensa-modules.c.inc
gcc -O1 -Wall -Wextra -Wno-missing-field-initializers -shared -fPIC "-DATTRIBUTE_UNUSED=__attribute__((unused))" \
    -Duint32=uint32_t -I qemu/target/xtensa -I qemu/include -I "$internal/plugin/include" "$here/gpl/core.c" -o "$folder/core.so"

wrap() { # wrap NAME PROGRAM [ARGUMENT]: bin/NAME, which runs PROGRAM for the S2's core
    printf '#!/bin/sh\nXTENSA_GNU_CONFIG="%s" exec "%s" --library-path "%s" "%s" %s "$@"\n' \
        "$folder/core.so" "$loader" "$library" "$2" "${3:-}" >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
# what gcc calls is found in bin/ by these names
wrap cc1 "$internal/cc1"
wrap collect2 "$internal/collect2"
for tool in as ld nm objdump size; do
    wrap $tool "$root/usr/bin/xtensa-lx106-elf-$tool"
    wrap xtensa-s2-elf-$tool "$root/usr/bin/xtensa-lx106-elf-$tool"
done
wrap xtensa-s2-elf-gcc "$root/usr/bin/xtensa-lx106-elf-gcc" "-B $folder/bin/ -isystem $root/usr/lib/xtensa-lx106-elf/include"
