#!/bin/bash
# Makes the Debian roots from which the release tests run real programs: each has one release's haproxy
# and nginx, as their packages install them, and little else.
#
#     tests/releases/roots.sh [RELEASE...]      default: bullseye bookworm trixie sid
#
# They go to target/roots/RELEASE, or $SSLSCALE_ROOTS/RELEASE. An existing root is kept; delete
# it to make it again. Packages come from the mirror this machine's apt uses, or from
# $SSLSCALE_MIRROR. Root is not needed where user namespaces are allowed.
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd)
roots=${SSLSCALE_ROOTS:-$repository/target/roots}

fail() {
    printf 'roots.sh: %s\n' "$@" >&2
    exit 1
}

# The mirror of the machine's own Debian release; prints nothing on another distribution, or
# where apt has no such source, and mmdebstrap then uses its own default.
machine_mirror() {
    local codename
    codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}") || return 0
    # shellcheck disable=SC2016 # for apt to expand
    apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v codename="$codename" '$1 == codename && $2 == "main" { print $3; exit }'
}

check_tools() {
    command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing" "fix: make setup"
    [ "$(id -u)" != 0 ] || return 0
    command -v newuidmap >/dev/null ||
        fail "not root, and newuidmap is missing" "fix: apt-get install uidmap, or run as root"
    [ "$(grep -l "^$(id -un):" /etc/subuid /etc/subgid | wc -l)" = 2 ] ||
        fail "not root, and $(id -un) has no subordinate ids" \
            "fix: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un), or run as root"
    unshare --user --map-root-user true 2>/dev/null ||
        fail "not root, and the kernel does not allow user namespaces" "fix: run as root"
}

# The index of an old release is always past its date, and sid's is if a mirror is late. Manuals and
# translations are half of the size and not needed.
bootstrap() { # RELEASE MIRROR?
    mmdebstrap --quiet --variant=essential --format=tar --include=haproxy,nginx \
        --mode="$([ "$(id -u)" = 0 ] && echo root || echo unshare)" \
        --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt=path-exclude=/usr/share/{doc,info,locale,man}/'*' \
        "$1" - ${2:+"$2"}
}

make_root() { # RELEASE
    local release=$1 mirror temp started
    [ ! -d "$roots/$release" ] || return 0
    check_tools
    mkdir -p "$roots"
    # One process makes a root; others wait and find it made.
    exec 9>"$roots/.$release.lock"
    flock 9
    [ ! -d "$roots/$release" ] || return 0

    started=$SECONDS
    temp=$roots/.$release.new
    rm -rf "$temp"
    mkdir "$temp"
    mirror=${SSLSCALE_MIRROR:-$(machine_mirror)}
    # All files belong to the user who unpacks them, who then needs no root to use or delete them.
    # Device files are left out: nothing here needs them, and only root could make them.
    if ! bootstrap "$release" "$mirror" 9>&- >"$temp.tar" 2>"$temp.log" ||
        ! tar -x -C "$temp" --no-same-owner --exclude='./dev/*' -f "$temp.tar"; then
        cat "$temp.log" >&2
        fail "cannot make a root of $release from ${mirror:-the default mirror}" \
            "fix: SSLSCALE_MIRROR=URI of a mirror or archive that has $release"
    fi
    rm -f "$temp.tar" "$temp.log"
    for file in usr/sbin/haproxy usr/sbin/nginx etc/nginx/nginx.conf; do
        [ -e "$temp/$file" ] || fail "the root of $release has no /$file"
    done
    # Logs the packages made belong to another account in a user namespace, and nginx opens them.
    rm -f "$temp"/var/log/nginx/*
    mv "$temp" "$roots/$release"
    echo "root of $release made in $((SECONDS - started)) s"
}

[ $# -gt 0 ] || set -- bullseye bookworm trixie sid
if [ $# = 1 ]; then
    make_root "$1"
else
    printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0"
fi
