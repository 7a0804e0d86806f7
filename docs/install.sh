#!/bin/sh
# Installs the rendered files of one host, as docs/install.md says. It needs no root here, and GNU tar.
#
#     sh install.sh TREE SOURCES HOST COMMAND...
#
# TREE is the directory of `sslscale render -o TREE`, SOURCES the directory of the inventory, to which the
# manifest's sources are relative, and HOST a host of the inventory. COMMAND leads to the host and ends where
# the words `sh -s` follow, as in a hosts file: ssh root@10.0.0.11. The script runs there as root.
set -eu
[ $# -ge 4 ] || { echo "usage: sh install.sh TREE SOURCES HOST COMMAND..." >&2; exit 2; }
tree=$1 sources=$2 host=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077
mkdir "$work/files"

# `list` has a line for each thing: its kind, mode and path on the host.
escaped=$(printf '%s' "$host" | sed 's/[.]/\\./g')
sed -n "s|^ *\"$escaped\(/[^\"]*\)\": { \"sha256\": \"[0-9a-f]*\", \"mode\": \"\([0-7]*\)\".*|file \2 \1|p" \
    "$tree/manifest.json" >"$work/list"
[ -s "$work/list" ] || { echo "the manifest of $tree has no files for $host" >&2; exit 2; }
awk -v host="$host" '
    index($0, "{\"hosts\":[") {
        hosts = substr($0, 1, index($0, "]"))
        if (!index(hosts, "\"" host "\"")) next
        while (match($0, /"\/[^"]*":[{]"kind":"[a-z_]*","mode":"[0-7]*","owner":"root","group":"root"(,"source":"[^"]*")?[}]/)) {
            split(substr($0, RSTART, RLENGTH), part, "\"")
            print part[6], part[10], part[2], part[22]
            $0 = substr($0, RSTART + RLENGTH)
        }
    }' "$tree/manifest.json" >"$work/needs"
while read -r kind mode path source; do
    case $kind in
    certificate | key)
        # Without a source, the file has to be on the host already.
        if [ -n "$source" ]; then
            mkdir -p "$work/files${path%/*}"
            case $source in /*) ;; *) source=$sources/$source ;; esac
            cp "$source" "$work/files$path"
            echo "file $mode $path" >>"$work/list"
        else
            echo "present $mode $path" >>"$work/list"
        fi
        ;;
    ticket_key) echo "present $mode $path" >>"$work/list" ;;
    document_root) echo "site $mode $path" >>"$work/list" ;;
    *) echo "directory $mode $path" >>"$work/list" ;;
    esac
done <"$work/needs"
(cd "$tree/$host" && tar -c .) | tar -x -C "$work/files"

cat >"$work/run" <<'RUN'
set -eu
umask 022
kept=/var/lib/sslscale/installed
# A machine may have both programs, as two hosts. What was installed for the other one stays.
case $(cat list) in */etc/nginx/*) program=nginx other=haproxy ;; *) program=haproxy other=nginx ;; esac
if [ -f "$kept-$program" ] || grep -qs "^/etc/$other/" "$kept"; then kept=$kept-$program; fi
: >changed
fail() { echo "$*" >&2; exit 1; }

# Everything that can be missing is looked for before anything is changed.
while read -r kind mode path; do
    case $kind in
    present) [ -s "$path" ] || fail "$path is missing: put it there, or name its source (ticket keys: run sslscale tickets sync)" ;;
    esac
done <list
case $(cat list) in
*/etc/nginx/*) command -v nginx >/dev/null || fail 'nginx is not installed' ;;
*/etc/haproxy/*) command -v haproxy >/dev/null || fail 'haproxy is not installed' ;;
esac
while read -r kind mode path; do
    case $kind in
    directory) [ -d "$path" ] || install -d -m "$mode" "$path" ;;
    # Whatever deploys the site creates it, perhaps as a link.
    site) [ -d "$path" ] || echo "note: $path does not exist yet: requests for its files get 404" >&2 ;;
    esac
done <list

# Each file is replaced by a rename, and the old one kept. Names that end in -new are read by no program.
keep() {
    mkdir -p "old${1%/*}"
    [ ! -e "$1" ] || cp -p "$1" "old$1"
    echo "$1" >>changed
}
restore() {
    # Files are back before the one that names them.
    tac changed | while read -r path; do
        if [ -e "old$path" ]; then cp -p "old$path" "$path.sslscale-new" && mv -f "$path.sslscale-new" "$path"; else rm -f "$path"; fi
    done
    systemctl daemon-reload
}
# What others name comes first, so that no reload reads files of two versions.
main='/etc/haproxy/haproxy[.]cfg|/etc/nginx/conf[.]d/.*|/etc/nginx/modules-enabled/.*|/etc/systemd/.*'
{ grep -Evx "[a-z_]* [0-7]* ($main)" list; grep -Ex "[a-z_]* [0-7]* ($main)" list; } >ordered || :
while read -r kind mode path; do
    [ "$kind" = file ] || continue
    if cmp -s "files$path" "$path"; then chmod "$mode" "$path"; continue; fi
    mkdir -p "${path%/*}"
    keep "$path"
    install -m "$mode" "files$path" "$path.sslscale-new"
    mv -f "$path.sslscale-new" "$path"
done <ordered
# What an earlier run installed, and the inventory no longer has, goes: what programs read by themselves at once, and
# what others named when the program runs the new files.
: >last
if [ -f "$kept" ]; then
    while read -r path; do
        ! grep -q "^file [0-7]* $path\$" list || continue
        keep "$path"
        if echo "$path" | grep -Eqx "$main"; then rm -f "$path"; else echo "$path" >>last; fi
    done <"$kept"
fi
! grep -q '^/etc/systemd/' changed || systemctl daemon-reload

# A reload keeps connections. It is not enough for a new drop-in, nor for the owner of haproxy's sockets, which
# is another one before the first drop-in.
lasting() { sed -n 's/^LimitNOFILE=[0-9]*:/hard limit /p; /^BindReadOnlyPaths=/p; /^RuntimeDirectory/p' "$1"; }
needs_restart() {
    grep '^/etc/systemd/' changed >units || return 1
    while read -r path; do
        [ -e "old$path" ] && [ -e "$path" ] && [ "$(lasting "old$path")" = "$(lasting "$path")" ] || return 0
    done <units
    return 1
}
start_nginx() {
    if systemctl is-active -q nginx; then systemctl reload nginx; else systemctl start nginx; fi
}
start_haproxy() {
    if systemctl is-active -q haproxy && ! needs_restart; then
        systemctl reload haproxy
    else
        systemctl reset-failed haproxy 2>/dev/null || :
        systemctl restart haproxy
    fi
}
# haproxy says which revision it runs. After a reload that failed it still runs the old one.
haproxy_runs() {
    revision=$(sed -n 's/^ *description sslscale //p' /etc/haproxy/haproxy.cfg)
    for try in 1 2 3 4 5 6 7 8 9 10; do
        perl -MIO::Socket::UNIX -e 'alarm 5; my $s = IO::Socket::UNIX->new(Peer => "/run/haproxy/admin.sock") or exit 1;
            print $s "show info\n"; print while <$s>' | grep -qi "^description: *sslscale $revision\$" && return
        sleep 1
    done
    return 1
}
case $(cat list) in
*/etc/nginx/*)
    if ! nginx -t -q || ! start_nginx; then
        restore
        fail 'nginx rejects the new files: the old ones are in place again'
    fi
    systemctl -q enable nginx
    ;;
*/etc/haproxy/*)
    if ! haproxy -c -f /etc/haproxy/haproxy.cfg >output 2>&1; then
        cat output >&2
        restore
        fail 'haproxy rejects the new files: the old ones are in place again'
    fi
    if ! start_haproxy || ! haproxy_runs; then
        restore
        [ ! -e old/etc/haproxy/haproxy.cfg ] || systemctl restart haproxy || :
        fail 'haproxy does not run the new files (journalctl -u haproxy): the old ones are in place again'
    fi
    systemctl -q enable haproxy
    ;;
esac
while read -r path; do rm -f "$path"; done <last
mkdir -p "${kept%/*}"
sed -n 's/^file [0-7]* //p' list >"$kept"
echo "$(wc -l <changed) files changed"
RUN

# The host gets everything on standard input: one script, with the files in it. One that arrives incomplete
# changes nothing.
{
    echo '{ umask 077; d=$(mktemp -d) && trap "rm -rf \"$d\"" EXIT && cd "$d" || exit'
    echo "base64 -d <<'END' | tar -x --no-same-owner || exit"
    (cd "$work" && tar -c files list run) | base64
    echo END
    echo 'sh ./run </dev/null; exit; }'
} | "$@" sh -s
