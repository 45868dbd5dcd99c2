#!/usr/bin/env bash
# fetch_micropython.sh DEST: MicroPython 1.25.0's source in DEST, from Debian's source package where apt offers it (its
# checksum is pinned), else from the project's own repository.
set -euo pipefail

dest=${1:?name the folder it goes to}
version=1.25.0
sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
[ -f "$dest/py/mpstate.h" ] && exit 0
. "$(dirname "$0")/debian_archive.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

from_debian() {
    command -v dpkg-source >/dev/null && debian_archive "$work/apt" || return 1
    (cd "$work" && apt-get -qq source --download-only "micropython=$version+ds-*" 2>/dev/null \
        || apt-get -qq source --download-only micropython) || return 1
    echo "$sha256  $(ls "$work"/micropython_*.orig.tar.xz)" | sha256sum --check --quiet || return 1
    dpkg-source --no-check -x "$work"/micropython_*.dsc "$work/source" >/dev/null 2>&1 || return 1
}

from_git() {
    command -v git >/dev/null || return 1
    git -c advice.detachedHead=false clone --quiet --depth 1 --branch "v$version" \
        https://github.com/micropython/micropython.git "$work/source" || return 1
}

echo "fetching MicroPython $version"
if ! from_debian && ! { rm -rf "$work/source" && from_git; }; then
    echo "error: MicroPython $version could not be fetched: apt offers no source package of it and git reached nothing." >&2
    echo "Unpack its source in $dest by hand and go on." >&2
    exit 1
fi
mkdir -p "$(dirname "$dest")"
rm -rf "$dest"
mv "$work/source" "$dest"
