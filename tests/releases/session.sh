#!/bin/sh
# Checks rendered trees with the haproxy and nginx of one root, one request a line, so that
# hundreds of checks share one set of namespaces. Started by tests/integration/support/release.rs as
#
#     unshare --mount --net [--user --map-root-user] session.sh ROOT WORK NGINX_ORG
#
# ROOT is a Debian root, or `here` for the machine's own programs; WORK an empty directory to
# mount on; NGINX_ORG the files nginx.org's package puts in /etc/nginx.
#
# Each request is `STOCK TREE`. TREE is laid over ROOT as one more overlay layer, so the very
# paths that would be deployed are read, whatever a check writes (logs, pid files) lands in a
# layer that the next check does not see, and ROOT is never modified. Answers, per program:
# `NAME STATUS LENGTH`, then LENGTH bytes of output; `done` ends a request. The tree `nothing`
# asks for the programs' versions.
#
# Three more requests are for tests that send requests: `serve STOCK TREE` starts both programs on
# the tree, `run FILE` runs a shell script of the machine beside them (apps and clients: releases
# have neither Python nor curl), and `stop -` ends them.
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

root=$1 work=$2 nginx_org=$3

# `nginx -t` binds the addresses that it would listen on. This machine has none of the fleet's, and its own
# listeners must not interfere: hence a network namespace in which any address can be bound.
echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
[ ! -e /proc/sys/net/ipv6/ip_nonlocal_bind ] || echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind
ip link set lo up

mount -t tmpfs -o mode=0755 tmpfs "$work"
# Relative from here on: an option given to mount(2) may not be longer than 255 bytes.
cd "$work"
mkdir host mnt up wk stock stock/debian stock/no-default-site stock/nginx.org

copy() { cp -RP --preserve=mode "$@"; }

# The machine's own programs, with the machine's /usr but none of the machine's own sites.
build_here() {
    mkdir -p host/usr host/etc/ssl/certs host/run host/tmp host/var/lib/haproxy \
        host/var/lib/nginx host/var/log/nginx host/var/cache/nginx
    ln -s /run host/var/run
    for dir in bin sbin lib lib32 lib64 libx32; do
        if [ -L "/$dir" ]; then
            copy "/$dir" host/
        elif [ -d "/$dir" ]; then
            mkdir "host/$dir"
            binds="$binds $dir"
        fi
    done
    for path in alternatives group haproxy hosts ld.so.cache nginx nsswitch.conf passwd \
        ssl/certs/ca-certificates.crt ssl/openssl.cnf; do
        # Not every file need be readable: the programs say what they miss.
        copy "/etc/$path" "host/etc/$path" 2>/dev/null || true
    done
    rm -rf host/etc/nginx/conf.d/* host/etc/nginx/sites-enabled/* host/etc/haproxy/haproxy.cfg
}

binds=
if [ "$root" = here ]; then
    binds=usr
    build_here
else
    mount --bind "$root" host
fi

# What an administrator removes first, and what nginx.org ships in place of Debian's files.
# A whiteout (character device 0:0) hides a name of the layers below.
if [ -e host/etc/nginx/sites-enabled/default ] || [ -L host/etc/nginx/sites-enabled/default ]; then
    mkdir -p stock/no-default-site/etc/nginx/sites-enabled
    mknod stock/no-default-site/etc/nginx/sites-enabled/default c 0 0
fi
mkdir -p stock/nginx.org/etc
copy "$nginx_org" stock/nginx.org/etc/nginx

# Only root exists in a user namespace, so every account is root there: nginx hands its folders
# to the account of `user`, which would fail for any other number.
# The folders that nginx writes to are ours, too: those in a root of another user would not be writable.
for stock in debian no-default-site nginx.org; do
    mkdir -p "stock/$stock/etc" "stock/$stock/run" "stock/$stock/var/lib/nginx" "stock/$stock/var/log/nginx"
    for file in passwd group; do
        {
            cat "host/etc/$file"
            [ "$stock" != nginx.org ] || [ $file = group ] || echo 'nginx:x:998:998::/nonexistent:/bin/false'
            [ "$stock" != nginx.org ] || [ $file = passwd ] || echo 'nginx:x:998:'
        } >"stock/$stock/etc/$file"
        if ! grep -qw 4294967295 /proc/self/uid_map; then
            sed -i -E 's/^([^:]*:[^:]*):[0-9]+(:[0-9]+)?/\1:0\2/' "stock/$stock/etc/$file"
            [ $file = group ] || sed -i -E 's/^([^:]*:[^:]*:0):[0-9]+/\1:0/' "stock/$stock/etc/$file"
        fi
    done
done

run() { # NAME COMMAND...
    name=$1 status=0
    shift
    output=$(chroot mnt "$@" 2>&1 </dev/null) || status=$?
    printf '%s %s %s\n%s\n' "$name" "$status" "${#output}" "$output"
}

lay() { # STOCK TREE
    mkdir "up/$number" "wk/$number"
    mount -t overlay overlay mnt -o "lowerdir=$2:stock/$1:host,upperdir=up/$number,workdir=wk/$number" || return 1
    for dir in $binds; do
        mount --bind "/$dir" "mnt/$dir"
    done
}

serve() { # STOCK TREE
    number=$((number + 1))
    lay "$1" "$2"
    mkdir -p mnt/dev mnt/run/haproxy
    mount --rbind /dev mnt/dev
    # Each returns when it listens.
    [ ! -e "$2/etc/nginx/conf.d/sslscale.conf" ] || run nginx nginx
    [ ! -e "$2/etc/haproxy/haproxy.cfg" ] || run haproxy haproxy -D -p /run/haproxy.pid -f /etc/haproxy/haproxy.cfg
}

stop() {
    for file in mnt/run/nginx.pid mnt/run/haproxy.pid apps.pid; do
        [ -e "$file" ] || continue
        for pid in $(cat "$file"); do
            # An app may have ended already.
            kill "$pid" 2>/dev/null || true
            while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
        done
    done
    rm -f apps.pid
    umount -l mnt
}

number=0
mkdir nothing
while read -r stock tree more; do
    case $stock in
    serve)
        serve "$tree" "$more"
        echo 'done'
        continue
        ;;
    stop)
        stop
        echo 'done'
        continue
        ;;
    run)
        status=0
        output=$(sh "$tree" 2>&1 </dev/null) || status=$?
        printf 'run %s %s\n%s\ndone\n' "$status" "${#output}" "$output"
        continue
        ;;
    esac
    number=$((number + 1))
    if ! output=$(lay "$stock" "$tree" 2>&1); then
        printf 'error 1 %s\n%s\ndone\n' "${#output}" "$output"
        continue
    fi
    if [ "$tree" = nothing ]; then
        run haproxy haproxy -v
        run nginx nginx -v
    fi
    # The unit's ExecStartPre writes this file; some versions warn where it is missing.
    mkdir -p mnt/run/sslscale
    echo 1 >mnt/run/sslscale/haproxy.state
    [ ! -e "$tree/etc/haproxy/haproxy.cfg" ] || run haproxy haproxy -c -f /etc/haproxy/haproxy.cfg
    [ ! -e "$tree/etc/nginx/conf.d/sslscale.conf" ] || run nginx nginx -t
    umount -l mnt
    echo 'done'
done
