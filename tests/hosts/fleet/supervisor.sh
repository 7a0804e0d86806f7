#!/bin/sh
# Holds the namespaces that the hosts of a test run in, for as long as standard input is open.
#
#     supervisor.sh ROOTS
#
# Prints the name of its cgroup and the process whose namespaces they are. The test that started it
# holds the other end of standard input, so that however the test ends, this sees the end of it. The
# first process of the pid namespace ends then, and the kernel kills all others there; mounts, links and
# what the hosts wrote go with their namespaces. Only the cgroups are left to remove. If this is killed
# before it could do that, the next run does.
set -eu

# cgroup v2, and where systemd mounts both versions, its own hierarchy of v1: systemd-nspawn uses both.
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
legacy=$(awk '$3 == "cgroup" && $4 ~ /name=systemd/ { print $2; exit }' /proc/self/mounts)
[ -n "$unified" ] || {
    echo 'no cgroup v2 is mounted' >&2
    exit 1
}
inside=$(sed -n 's/^0:://p' /proc/self/cgroup)
inside=${inside%/}
[ -d "$unified$inside" ] || inside=

remove() { # CGROUP
    for hierarchy in "$unified$inside" ${legacy:+"$legacy$inside" "$legacy"}; do
        [ ! -d "$hierarchy/$1" ] || find "$hierarchy/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}

# One run at a time makes a cgroup or looks for old ones, so that none is removed before it is used.
exec 8<"$1"
flock 8
for old in "$unified$inside"/sslscale-hosts.*; do
    [ -d "$old" ] || continue
    grep -q '^populated 1' "$old/cgroup.events" || remove "${old##*/}"
done
name=$(mktemp -d "$unified$inside/sslscale-hosts.XXXXXX")
name=${name##*/}
mkdir "$unified$inside/$name/init"
echo $$ >"$unified$inside/$name/init/cgroup.procs"
flock -u 8
exec 8<&-

finish() {
    echo $$ >"$unified$inside/cgroup.procs"
    remove "$name"
}
trap finish EXIT

echo "$unified$inside/$name"
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --net --pid --fork --propagation private sh -euc '
    # Before /proc shows the new namespace only: the process id that others see.
    read -r pid _ </proc/self/stat
    mount -t proc proc /proc
    # Sockets, locks and all that the hosts write, in memory.
    mount -t tmpfs -o mode=0755 tmpfs /run
    mkdir /run/hosts
    # systemd-nspawn gives its hosts device files with the modes of these.
    for device in null zero full random urandom tty; do
        [ "$(stat -c %a /dev/$device)" != 666 ] || continue
        cp -a /dev/$device /run/$device
        chmod 666 /run/$device
        mount --bind /run/$device /dev/$device
    done
    # A bare root has no machine id, without which systemd-nspawn of 257 makes no addresses.
    if [ ! -s /etc/machine-id ]; then
        mkdir /run/etc /run/etc.work
        mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work /etc
        tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
    fi
    ip link set lo up
    ip link add hosts type bridge
    ip address add 10.0.0.1/24 dev hosts
    ip link set hosts up
    echo "$pid"
    exec cat >/dev/null
'
