#!/usr/bin/env bash
# build.sh FOLDER [lx106 | s2]: the counting program for one instruction set (FOLDER/program.elf, FOLDER/core/*.o) and
# qemu's plugins (FOLDER/count.so, FOLDER/memory.so). s2/fetch.sh makes the compiler of the ESP32-S2.
# CORE_FLAGS: other flags for the core than what a firmware would use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
core=$(cd "$here/../../native/core" && pwd)
out=$1
case "${2:-lx106}" in
lx106) cc=xtensa-lx106-elf-gcc start="$here/start.S" only=-DTYMPAN_MULTIPLY_BY_HALVES ;;
s2) cc="$here/../../build/xtensa-s2/bin/xtensa-s2-elf-gcc" start="$here/s2/start.S" only= ;;
*) echo "error: the instruction sets are lx106 and s2, not $2" >&2 && exit 2 ;;
esac
warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
mkdir -p "$out/core"
rm -f "$out"/core/*.o

for source in $(find "$core" -name "*.c" ! -path "*/plain/*" | sort); do
    # shellcheck disable=SC2086
    "$cc" -mtext-section-literals -std=c99 $warnings $only ${CORE_FLAGS:--O2} -c "$source" -o "$out/core/$(basename "$source" .c).o"
done
# -fno-tree-loop-distribute-patterns: or gcc turns the loops of memcpy and memset into calls of themselves
"$cc" -mtext-section-literals -std=gnu11 -ffreestanding -O2 -Wall -Wextra -Werror -fno-tree-loop-distribute-patterns \
    -nostdlib -T "$here/link.ld" -Wl,--no-warn-rwx-segments "$start" "$here/runtime.c" "$here/program.c" "$out"/core/*.o \
    -o "$out/program.elf"

# a plugin says which version of qemu's interface it knows; each qemu takes a range of them
major=$(qemu-system-xtensa --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
plugin() { # plugin NAME SOURCE...: FOLDER/NAME.so
    gcc -O2 -Wall -Wextra -Werror -shared -fPIC -DPLUGIN_VERSION=$((major < 9 ? 1 : 2)) "${@:2}" -o "$out/$1.so"
}
plugin count "$here/gpl/count.c"
plugin memory "$here/gpl/memory.c" "$here/cache.c"
