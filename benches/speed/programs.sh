#!/bin/sh
# Runs haproxy and nginx over rendered files at the paths they would be deployed to, as often as
# it is asked to. Started by benches/speed/programs.rs as
#
#     unshare --mount --net [--user --map-root-user] programs.sh TREE
#
# TREE is laid over this machine's /, of which nothing is modified. Each line of input is a
# command; the answer is its exit status and the number of lines that it said, then these lines.
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
tree=$1

# `nginx -t` binds what it would listen on, and the machine's own listeners must not matter.
echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
ip link set lo up

# Only root exists in a user namespace: nginx could not give its folders to anybody else.
sed 's/^user .*/user root;/' /etc/nginx/nginx.conf >"$tree/etc/nginx/nginx.conf"
# The machine's own sites are none of the fleet's.
sed -i '/sites-enabled/d' "$tree/etc/nginx/nginx.conf"
mount -t overlay overlay -o "lowerdir=$tree/etc:/etc" /etc
for dir in /run /var/log/nginx /var/lib/nginx; do
    mount -t tmpfs tmpfs "$dir"
done

echo ready
while read -r command; do
    status=0
    # shellcheck disable=SC2086 # it is meant to be split
    output=$($command 2>&1 </dev/null) || status=$?
    printf '%s %s\n%s\n' "$status" "$(printf '%s\n' "$output" | wc -l)" "$output"
done
