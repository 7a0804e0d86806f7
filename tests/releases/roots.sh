#!/bin/bash
# Makes the Debian roots the release tests run real programs from: each holds one release's
# haproxy and nginx, as their packages install them, and little else.
#
#     tests/releases/roots.sh [RELEASE...]      default: bullseye bookworm trixie sid
#
# They go to target/roots/RELEASE, or $SSLSCALE_ROOTS/RELEASE. A root that is there is kept; to
# make it anew, delete it. Packages come from the mirror this machine's apt uses, or from
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

# An index past its date is what the archive of an old release always has, and sid's whenever a
# mirror is late. Manuals and translations are half of the size and no part of the proof.
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
    # One maker per root; whoever waited finds it made.
    exec 9>"$roots/.$release.lock"
    flock 9
    [ ! -d "$roots/$release" ] || return 0

    started=$SECONDS
    temp=$roots/.$release.new
    rm -rf "$temp"
    mkdir "$temp"
    mirror=${SSLSCALE_MIRROR:-$(machine_mirror)}
    # Everything belongs to whoever unpacks it, so that no root is needed to use or delete it.
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
    mv "$temp" "$roots/$release"
    echo "root of $release made in $((SECONDS - started)) s"
}

[ $# -gt 0 ] || set -- bullseye bookworm trixie sid
if [ $# = 1 ]; then
    make_root "$1"
else
    printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0"
fi
