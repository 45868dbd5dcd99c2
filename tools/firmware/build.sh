#!/usr/bin/env bash
# build.sh ELIOBOT_S2|ELIOBOT_S3 [--container]: MicroPython with the module tympan in build/firmware/<board>.bin.
# With --container in the image of the Dockerfile beside this file, else with the ESP-IDF of this shell (. export.sh).
# MICROPYTHON names a clone of MicroPython with its history; by default one is made in build/firmware/micropython.
# The files of device/ are not frozen in: they are copied to the robot, so that a behaviour changes without flashing.
# Written from the sources of MicroPython and ESP-IDF; not run here.
set -euo pipefail

version=1.25.0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/firmware
board=${1:-}

fail() {
    echo "error: $*" >&2
    exit 1
}

[ -f "$here/${board:-none}/mpconfigboard.cmake" ] || fail "name a board: build.sh ELIOBOT_S2 or ELIOBOT_S3"
case ${2:-} in
--container)
    command -v docker >/dev/null || fail "docker is not installed; install it, or build with an ESP-IDF of your own"
    docker build --tag tympan-firmware "$here"
    mkdir -p "$out"
    exec docker run --rm --user "$(id -u):$(id -g)" --env HOME=/tmp --volume "$root:/tympan" tympan-firmware \
        tools/firmware/build.sh "$board"
    ;;
"") ;;
*) fail "unknown option $2" ;;
esac

command -v idf.py >/dev/null || fail "idf.py is not found; source the ESP-IDF's export.sh, or add --container"
source=${MICROPYTHON:-$out/micropython}
mkdir -p "$out"
if [ ! -f "$source/ports/esp32/Makefile" ]; then
    # Debian's source package, which the rest of the project builds from, lacks libraries that this port needs
    git -c advice.detachedHead=false clone --depth 1 --branch "v$version" \
        https://github.com/micropython/micropython.git "$source" ||
        fail "MicroPython $version could not be cloned; name a clone in MICROPYTHON"
fi

make -C "$source/mpy-cross"
port=(make -C "$source/ports/esp32" "BOARD_DIR=$here/$board" "BUILD=$out/$board"
    "USER_C_MODULES=$root/native/usermod/micropython.cmake")
"${port[@]}" submodules
"${port[@]}"
cp "$out/$board/firmware.bin" "$out/$board.bin"
echo "build/firmware/$board.bin; flash it with: python -m tools.flash build/firmware/$board.bin"
