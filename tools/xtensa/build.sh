#!/usr/bin/env bash
# build.sh FOLDER: the counting program for the Xtensa lx106 (FOLDER/program.elf, FOLDER/core/*.o) and qemu's plugin
# (FOLDER/count.so). CORE_FLAGS: other flags for the core than what a firmware would use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
core=$(cd "$here/../../native/core" && pwd)
out=$1
cc="xtensa-lx106-elf-gcc -mtext-section-literals"
warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
mkdir -p "$out/core"
rm -f "$out"/core/*.o

for source in "$core"/*.c "$core"/operators/*.c; do
    # shellcheck disable=SC2086
    $cc -std=c99 $warnings -DTYMPAN_MULTIPLY_BY_HALVES ${CORE_FLAGS:--O2} -c "$source" -o "$out/core/$(basename "$source" .c).o"
done
# -fno-tree-loop-distribute-patterns: or gcc turns the loops of memcpy and memset into calls of themselves
$cc -std=gnu11 -ffreestanding -O2 -Wall -Wextra -Werror -fno-tree-loop-distribute-patterns -nostdlib -T "$here/link.ld" \
    -Wl,--no-warn-rwx-segments "$here/start.S" "$here/runtime.c" "$here/program.c" "$out"/core/*.o -lgcc -o "$out/program.elf"

# a plugin says which version of qemu's interface it knows; each qemu takes a range of them
major=$(qemu-system-xtensa --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
gcc -O2 -Wall -Wextra -Werror -shared -fPIC -DPLUGIN_VERSION=$((major < 9 ? 1 : 2)) "$here/count.c" -o "$out/count.so"
