# Sourced by scripts that fetch from Debian: apt-get with a configuration of its own, so that nothing of the machine's
# is changed or needed.

# debian_archive FOLDER: from here on apt-get and apt-cache see Debian trixie, its sources included, through the machine's
# own mirror, and keep their lists in FOLDER. Fails where no mirror is known or it does not answer.
debian_archive() {
    local folder=$1 sources mirror key=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || return 1
    sources=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true)
    mirror=$(printf '%s\n' "$sources" | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1)
    [ -n "$mirror" ] || return 1
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    : >"$folder/status"
    printf '%s [signed-by=%s] %s trixie main\n' deb "$key" "${mirror% }" deb-src "$key" "${mirror% }" >"$folder/sources.list"
    cat >"$folder/apt.conf" <<EOF
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "$(id -un)";
APT::Install-Recommends "false";
Acquire::Languages "none";
EOF
    export APT_CONFIG="$folder/apt.conf"
    apt-get -qq update
}
