#!/bin/bash
# Follows docs/install.md with the packages of target/packages, as a new user on bare Debian releases; `make packages`
# comes before it, or `make packages-test`, which does both.
#
#     tests/packages.sh [RELEASE|rpm|tar|arm64|lint...]  default: all of bullseye bookworm trixie sid rpm tar arm64 lint
#
# A root has nothing but what mmdebstrap calls minbase. It lives in a temporary folder ($TMPDIR) and is removed
# again, with its processes and mounts. Needs root, and the machine's network and apt mirror.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
packages=${PACKAGES:-$repository/target/packages}

fail() {
    printf 'packages.sh: %s\n' "$@" >&2
    exit 1
}

# The commands that the page has between the markers of a name.
page() { # NAME
    local commands
    commands=$(sed -n "/^<!-- packages $1 -->/,/^<!-- \/packages $1 -->/p" "$repository/docs/install.md" |
        sed '/^<!--/d; /^```/d; /^$/d')
    [ -n "$commands" ] || fail "docs/install.md has no commands for $1"
    echo "$commands"
}

# Inside the root, as the first process of its own pid namespace: FIRST is followed by a user who has just been made.
inside() { # DEB FIRST REMOVE
    local started=$SECONDS
    cd /root
    DEBIAN_FRONTEND=noninteractive sh -euxc "$(echo "$1" | sed 's/apt-get /apt-get -qq -o=Dpkg::Use-Pty=0 /')"
    useradd --create-home newcomer
    # What a user has who logs in; there is no terminal.
    setpriv --reuid newcomer --regid newcomer --clear-groups \
        env -i HOME=/home/newcomer USER=newcomer LOGNAME=newcomer PATH=/usr/local/bin:/usr/bin:/bin \
        sh -euxc "cd; $2"
    echo "== $(. /etc/os-release && echo "$PRETTY_NAME"): from the package to rendered files in $((SECONDS - started)) s"
    [ $((SECONDS - started)) -lt 300 ] || fail "that is more than five minutes"
    [ -s /home/newcomer/rendered/manifest.json ] || fail "the page rendered nothing"
    for unit in /usr/lib/systemd/system/sslscale-tickets.{service,timer}; do
        [ -e "$unit" ] || fail "$unit is missing"
    done
    [ -z "$(find /etc/systemd -name 'sslscale*')" ] || fail "the timer is enabled"
    mkdir -p /etc/sslscale && touch /etc/sslscale/inventory.yaml
    # As the administrator enables it.
    mkdir -p /etc/systemd/system/timers.target.wants
    ln -s /usr/lib/systemd/system/sslscale-tickets.timer /etc/systemd/system/timers.target.wants/
    DEBIAN_FRONTEND=noninteractive sh -euxc "$(echo "$3" | sed 's/apt-get /apt-get -qq -y -o=Dpkg::Use-Pty=0 /')"
    [ -z "$(find / -xdev -path /proc -prune -o -name '*sslscale*' -print | grep -v '^/etc/sslscale$\|^/root/\|/home/')" ] ||
        fail "left behind:" "$(find / -xdev -name '*sslscale*')"
    [ -e /etc/sslscale/inventory.yaml ] || fail "the inventory was removed"
}

# In namespaces of its own, with the machine's file system still in sight: as in fresh_root.sh.
enter() { # ROOT DEB FIRST REMOVE
    local root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mkdir "$root/mnt/machine"
    cd "$root"
    pivot_root . mnt/machine
    chroot /mnt/machine umount -l /
    exec env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash /root/packages.sh --inside "$@"
}

on_release() { # RELEASE
    local root=$work/$1
    mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' "$1" "$root" \
        ${SSLSCALE_MIRROR:+"$SSLSCALE_MIRROR"}
    apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$root/etc/apt/apt.conf.d/99machine" || true
    # A question of apt has no answer here.
    echo 'APT::Get::Assume-Yes "true";' >>"$root/etc/apt/apt.conf.d/99machine"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    cp "$packages"/*_amd64.deb "$repository/tests/packages.sh" "$root/root/"
    # Services of packages are not started: systemd does not run here.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 0755 "$root/usr/sbin/policy-rc.d"
    local first
    first=$(page first)
    if [ "$1" = bullseye ]; then
        first=$(echo "$first" | head -n 1 && page bullseye && echo "$first" | tail -n +2)
    fi
    unshare --mount --pid --fork --kill-child --propagation private \
        "$repository/tests/packages.sh" --enter "$root" "$(page deb)" "$first" "$(page remove)"
    rm -rf --one-file-system "$root"
}

# No repository of a distribution with RPM is within reach here, so no dnf resolves what the package recommends: rpm
# installs it into an empty root. Its scripts need a shell, which an empty root has not: hence --nodeps.
on_rpm() {
    local root=$work/rpm database
    mkdir "$root"
    database=(--root "$root" --dbpath /var/lib/rpm)
    rpm "${database[@]}" --initdb
    rpm "${database[@]}" --install --nodeps --noscripts "$packages"/*.x86_64.rpm
    rpm "${database[@]}" --verify --nodeps --noscripts sslscale || fail "the installed files are not those of the package"
    cp "$repository/inventories/blog.yaml" "$root/inventory.yaml"
    chroot "$root" /usr/bin/sslscale check inventory.yaml
    chroot "$root" /usr/bin/sslscale render inventory.yaml -o rendered
    [ -s "$root/rendered/manifest.json" ] || fail "nothing was rendered"
    rpm "${database[@]}" --erase --noscripts sslscale
    [ -z "$(find "$root/usr" -name '*sslscale*')" ] || fail "left behind:" "$(find "$root/usr" -name '*sslscale*')"
    echo '== rpm: installed into an empty root, verified, checked, rendered, removed'
}

# As the page says, but into another directory than /usr/local.
on_tar() {
    local folder=$work/unpacked local=$work/local file
    mkdir "$folder" "$local"
    cp "$packages"/*-linux-x86_64.tar.gz "$folder/"
    (cd "$folder" && sh -eux -c "$(page tar | sed "s|/usr/local/|$local/|")")
    "$local/bin/sslscale" --version
    for file in man/man1/sslscale-deploy.1.gz bash-completion/completions/sslscale zsh/site-functions/_sslscale \
        fish/vendor_completions.d/sslscale.fish doc/sslscale/docs/guide.md doc/sslscale/third-party-licenses.txt; do
        [ -s "$local/share/$file" ] || fail "share/$file is missing"
    done
    echo '== tar: unpacked and installed'
}

# The same inventories give the same bytes.
on_arm64() {
    local inventory name amd64=$packages/image/amd64/sslscale arm64=$packages/image/arm64/sslscale count=0
    [ "$(qemu-aarch64-static "$arm64" --version)" = "$("$amd64" --version)" ] || fail "the versions differ"
    for inventory in "$repository"/inventories/*.yaml; do
        name=$(basename "$inventory" .yaml)
        qemu-aarch64-static "$arm64" check "$inventory" 2>"$work/arm64.txt" || fail "$name: exit code $?"
        "$amd64" check "$inventory" 2>"$work/amd64.txt"
        cmp "$work/arm64.txt" "$work/amd64.txt"
        qemu-aarch64-static "$arm64" render "$inventory" -o "$work/arm64/$name" >/dev/null
        "$amd64" render "$inventory" -o "$work/amd64/$name" >/dev/null
        count=$((count + 1))
    done
    diff -r "$work/arm64" "$work/amd64"
    echo "== arm64 under qemu: $count inventories checked and rendered, the same as on x86-64"
}

on_lint() {
    lintian --fail-on error --info --tag-display-limit 0 "$packages"/*.deb
    rpmlint --strict --config "$repository/.ci/packages/rpmlint.toml" "$packages"/*.rpm
    echo '== lint: passed'
}

case ${1:-} in
--inside)
    shift
    inside "$@"
    exit
    ;;
--enter)
    shift
    enter "$@"
    exit
    ;;
esac

[ "$(id -u)" = 0 ] || fail "needs root" "fix: sudo make packages-test"
[ -e "$packages/SHA256SUMS" ] || fail "there are no packages in $packages" "fix: make packages"
(cd "$packages" && sha256sum --quiet -c SHA256SUMS)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sslscale-packages.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ $# -gt 0 ] || set -- lint arm64 rpm tar bullseye bookworm trixie sid
for each; do
    case $each in
    lint | arm64 | rpm | tar) "on_$each" ;;
    *) on_release "$each" ;;
    esac
done
echo "== passed: $*"
