#!/bin/bash
# Runs make targets on a bare Debian: a new root with nothing but apt and make, this repository's
# files, and this machine's rust toolchain and already downloaded crates.
#
#     tests/fresh_root.sh [RELEASE [TARGET...]]      default: trixie demo test
#
# The root lives in a temporary folder ($TMPDIR, some 4 GB) and is removed again, with its
# processes and mounts. Needs root. The network is the machine's own, as are apt's mirror and proxy.
set -euo pipefail

release=${1:-trixie}
shift $(($# > 0 ? 1 : 0))
[ $# -gt 0 ] || set -- demo test
repository=$(cd "$(dirname "$0")/.." && pwd)

fail() {
    printf 'fresh_root.sh: %s\n' "$@" >&2
    exit 1
}

mounts() { cut -d ' ' -f 2 /proc/self/mounts; }

# Inside the new root, as the first process of its own pid namespace.
inside() {
    cd /sslscale
    before=$(mounts)
    for target; do
        printf '== make %s on a bare %s\n' "$target" "$(. /etc/os-release && echo "$PRETTY_NAME")"
        started=$SECONDS
        make "$target"
        printf '== make %s: %s s\n' "$target" $((SECONDS - started))
        # Set-up and fleets must leave no service behind, nor the means to keep one from starting.
        [ ! -e /usr/sbin/policy-rc.d ] || fail "make $target left policy-rc.d behind"
        # One at a time: a pattern of more than 15 characters matches nothing.
        for program in haproxy nginx 'uwsgi.*'; do
            ! pgrep -a -x "$program" || fail "make $target left these running"
        done
        [ "$(mounts)" = "$before" ] || fail "make $target left mounts behind" "$(mounts)"
    done
    # Everything is installed now: running set-up again must not need the network.
    for list in demo test; do
        unshare --net .ci/setup "$list" || fail "set-up for $list uses the network with nothing to do"
    done
    echo "== passed: make $*"
}

# In namespaces of its own, with the machine's file system still in sight.
enter() { # ROOT TARGETS...
    local root=$1 home=$1/root
    shift
    # pivot_root needs a mount point, hence the bind mount onto itself. chroot is not enough: a process
    # in a chroot may not create user namespaces, which `try` and mmdebstrap do.
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    # The toolchain and the crates are those of the machine; what a build writes there is lost.
    mount -t tmpfs tmpfs "$root/mnt"
    overlay "${RUSTUP_HOME:-$HOME/.rustup}" "$home/.rustup" "$root/mnt/rustup"
    overlay "${CARGO_HOME:-$HOME/.cargo}" "$home/.cargo" "$root/mnt/cargo"
    mkdir "$root/mnt/machine"
    cd "$root"
    pivot_root . mnt/machine
    # The bare root has no umount; the machine's own is used to remove its file system.
    chroot /mnt/machine umount -l /
    # No cargo in the path, as for a user who has just installed rustup.
    exec env -i HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 CARGO_NET_OFFLINE=true \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${SSLSCALE_REQUIRE:+SSLSCALE_REQUIRE="$SSLSCALE_REQUIRE"} \
        bash /sslscale/tests/fresh_root.sh --inside "$@"
}

overlay() { # FROM TO SCRATCH
    mkdir -p "$2" "$3/upper" "$3/work"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/upper,workdir=$3/work" "$2"
}

case $release in
--inside)
    inside "$@"
    exit
    ;;
--enter)
    enter "$@"
    exit
    ;;
esac

[ "$(id -u)" = 0 ] || fail "needs root" "fix: sudo make fresh"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing" "fix: make setup"

# Crates that are not in the cache could not be downloaded inside, without the machine's CA certificates.
(cd "$repository" && PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin cargo fetch --locked --quiet)

root=$(mktemp -d "${TMPDIR:-/var/tmp}/sslscale-fresh.XXXXXX")
# Mounts and processes end with their namespaces; --one-file-system protects the machine's files.
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "== making a bare $release"
mmdebstrap --quiet --mode=root --variant=apt --include=make \
    --aptopt='Acquire::Check-Valid-Until "false"' "$release" "$root" ${SSLSCALE_MIRROR:+"$SSLSCALE_MIRROR"}
apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$root/etc/apt/apt.conf.d/99machine" || true
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"

mkdir "$root/sslscale"
# As a clone would have them: what git tracks, and what it would track.
if git -C "$repository" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git -C "$repository" ls-files -z --cached --others --exclude-standard
else
    (cd "$repository" && find . -path ./target -prune -o -type f -print0)
fi | (cd "$repository" && tar -c --null --ignore-failed-read -T -) | tar -x -C "$root/sslscale"

unshare --mount --pid --fork --kill-child --propagation private \
    "$repository/tests/fresh_root.sh" --enter "$root" "$@"
