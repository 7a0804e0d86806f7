#!/bin/bash
# Makes the Debian roots that tests use.
#
#     tests/releases/roots.sh [ROOT...]      default: bullseye bookworm trixie sid, and as root
#                                            bookworm-host trixie-host
#
# RELEASE is what the release tests run real programs from: that release's haproxy and nginx, as their
# packages install them, and little else. RELEASE-host is what tests/hosts boots: the same with systemd
# and sshd. Only root can boot one, so only root makes one.
#
# They go to target/roots, or $SSLSCALE_ROOTS. An existing root is kept while it has the packages that it
# should have; delete it to make it again.
# Packages come from the mirror this machine's apt uses, or from $SSLSCALE_MIRROR. Root is not needed
# for the others where user namespaces are allowed.
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

# What a host has besides haproxy and nginx. There is no curl, no socat and no full perl: what runs on
# hosts has to do with what is on every one. uWSGI runs the app, which is Flask's; tests/hosts removes
# the interpreter itself, which scripts could use.
host_packages=apt,systemd-sysv,dbus,udev,openssh-server,sudo,iproute2,procps,uwsgi-core,uwsgi-plugin-python3,python3-flask

packages() { # ROOT
    local more=
    case $1 in *-host) more=,$host_packages ;; esac
    # One app server renews certificates; tests/hosts takes certbot from the others.
    case $1 in trixie-host) more=$more,certbot ;; esac
    echo "haproxy,nginx$more"
}

# Whether the root is there, with what it should have.
is_made() { # ROOT
    [ -d "$roots/$1" ] || return 1
    case $1 in *-host) [ "$(cat "$roots/.$1.packages" 2>/dev/null)" = "$(packages "$1")" ] ;; esac
}

# The index of an old release is always past its date, and sid's is if a mirror is late. Manuals and
# translations are half of the size and not needed.
bootstrap() { # ROOT MIRROR?
    mmdebstrap --quiet --variant=essential --format=tar \
        --include="$(packages "$1")" \
        --mode="$([ "$(id -u)" = 0 ] && echo root || echo unshare)" \
        --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt=path-exclude=/usr/share/{doc,info,locale,man}/'*' \
        "${1%%-*}" - ${2:+"$2"}
}

# Device files are left out: nothing here needs them, and only root could make them.
# All files of a release belong to the user who unpacks them, who then needs no root to use or delete
# them. On a host they belong to their packages' accounts.
unpack() { # ROOT DIRECTORY
    local owner=--no-same-owner
    case $1 in *-host) owner=--same-owner ;; esac
    tar -x -C "$2" "$owner" --exclude='./dev/*' -f "$2.tar"
}

make_root() { # ROOT
    local root=$1 mirror temp started
    ! is_made "$root" || return 0
    case $root in
    *-host) [ "$(id -u)" = 0 ] || fail "$root: a root that is booted has to be made by root" ;;
    esac
    check_tools
    mkdir -p "$roots"
    # One process makes a root; others wait and find it made.
    exec 9>"$roots/.$root.lock"
    flock 9
    ! is_made "$root" || return 0

    started=$SECONDS
    temp=$roots/.$root.new
    rm -rf "$temp"
    mkdir "$temp"
    mirror=${SSLSCALE_MIRROR:-$(machine_mirror)}
    if ! bootstrap "$root" "$mirror" 9>&- >"$temp.tar" 2>"$temp.log" || ! unpack "$root" "$temp"; then
        cat "$temp.log" >&2
        fail "cannot make $root from ${mirror:-the default mirror}" \
            "fix: SSLSCALE_MIRROR=URI of a mirror or archive that has ${root%%-*}"
    fi
    rm -f "$temp.tar" "$temp.log"
    for file in usr/sbin/haproxy usr/sbin/nginx etc/nginx/nginx.conf; do
        [ -e "$temp/$file" ] || fail "the root $root has no /$file"
    done
    # Logs the packages made belong to another account in a user namespace, and nginx opens them.
    case $root in *-host) ;; *) rm -f "$temp"/var/log/nginx/* ;; esac
    rm -rf "${roots:?}/$root"
    mv "$temp" "$roots/$root"
    packages "$root" >"$roots/.$root.packages"
    echo "$root made in $((SECONDS - started)) s"
}

if [ $# = 0 ]; then
    set -- bullseye bookworm trixie sid
    [ "$(id -u)" != 0 ] || set -- "$@" bookworm-host trixie-host
fi
if [ $# = 1 ]; then
    make_root "$1"
else
    printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" "$0"
fi
