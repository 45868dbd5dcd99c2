#!/usr/bin/env bash
# fetch_micropython.sh DEST: MicroPython 1.25.0's source in DEST, from Debian's source package where apt offers it (its
# checksum is pinned), else from the project's own repository.
set -euo pipefail

dest=${1:?name the folder it goes to}
version=1.25.0
sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
[ -f "$dest/py/mpstate.h" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A private apt configuration: the machine's own mirror, another suite, nothing of the machine changed.
from_debian() {
    local sources mirror apt="$work/apt"
    command -v dpkg-source >/dev/null || return 1
    sources=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true)
    mirror=$(printf '%s\n' "$sources" | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1)
    [ -n "$mirror" ] || return 1
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror% } trixie main" >"$apt/sources.list"
    local options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
        -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update || return 1
    (cd "$work" && apt-get "${options[@]}" source --download-only "micropython=$version+ds-*" 2>/dev/null \
        || apt-get "${options[@]}" source --download-only micropython) || return 1
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
