#!/bin/sh
# Boots a host over a root that stays as it is. In the namespaces that supervisor.sh holds.
#
#     boot.sh NAME ADDRESS ROOT CGROUP [certbot]      with certbot, which needs Python
#
# /run/hosts has `login.pub`, the key that may log in, and NAME.key, the key of the host's sshd.
set -eu
name=$1 address=$2 lower=$3 cgroup=$4 certbot=${5-}
host=/run/hosts/$name
# A host that boots again keeps what it wrote.
if ! mountpoint -q "$host/root"; then
    mkdir -p "$host/upper" "$host/work" "$host/root"
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$host/upper,workdir=$host/work" "$host/root"
    cd "$host/root"

    echo "$name" >etc/hostname
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >etc/hosts
    : >etc/machine-id
    mkdir -p root/.ssh var/log/journal
    chmod 0700 root/.ssh
    cp /run/hosts/login.pub root/.ssh/authorized_keys
    rm -f etc/ssh/ssh_host_*
    cp "$host.key" etc/ssh/ssh_host_ed25519_key
    cp "$host.key.pub" etc/ssh/ssh_host_ed25519_key.pub
    chmod 0600 etc/ssh/ssh_host_ed25519_key

    units=etc/systemd/system
    printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' \
        "$address" >etc/systemd/network/10-host0.network
    ln -sf /lib/systemd/system/systemd-networkd.service $units/multi-user.target.wants/
    # Nobody sits there. Each of these has inotify instances, of which a user gets 128 on one machine.
    for unit in console-getty.service systemd-ask-password-console.path systemd-ask-password-wall.path \
        systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer; do
        ln -sf /dev/null "$units/$unit"
    done
    # uWSGI has Python's library; what runs on hosts must not need the interpreter. certbot does.
    [ -n "$certbot" ] || rm -f usr/bin/python3* usr/bin/certbot $units/timers.target.wants/certbot.timer
    # Which of them a host runs is up to the test.
    rm -f $units/multi-user.target.wants/haproxy.service $units/multi-user.target.wants/nginx.service
fi

# systemd-nspawn 256 and later mount this and refuse to boot over it; a host that lost power leaves it.
export="/run/systemd/nspawn/unix-export/$name"
! mountpoint -q "$export" || umount "$export"
[ ! -d "$cgroup/$name" ] || find "$cgroup/$name" -depth -type d -exec rmdir {} \;
mkdir "$cgroup/$name"
echo $$ >"$cgroup/$name/cgroup.procs"
cd /
UNIFIED_CGROUP_HIERARCHY=1 exec systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --boot \
    --directory="$host/root" --machine="$name" --network-bridge=hosts \
    --rlimit=RLIMIT_NOFILE=1024:524288 >"$host/console.log" 2>&1 </dev/null
