# Makes a host use a release that is stored there: a backup, a timer that undoes everything, the files, and the
# program's reload, which is observed. The host keeps the release only if it is confirmed before the timer ends.
#
#     apply.sh LEASE NONCE RELEASE PROGRAM WINDOW DRAIN ACTION... < EXPECTED
#
# EXPECTED has a line for each file that changes, `SHA256 PATH` or `absent PATH`, as it was when this was planned.
# WINDOW is how many seconds the host waits for the confirmation. ACTION is units, reload, restart or start. DRAIN is
# how many seconds servers that the new configuration has no more may take to finish their connections.
lease=$1 nonce=$2 id=$3 program=$4 window=$5 drain=$6
shift 6
actions=" $* "
release=$state/releases/$id backup=$state/backup/$nonce

lock_state
keep_lease "$lease"
[ ! -e "$state/pending" ] || finish 'untouched: a change that was never confirmed is about to be undone'
[ -f "$release/manifest" ] || finish 'untouched: the release is not on the host any more'
give_up() {
    rm -rf "$backup"
    finish "$*"
}

mkdir -p "$backup/files" || finish "untouched: $state cannot be written"
: >"$backup/list"
while read -r sum path; do
    now=absent
    if [ -L "$root$path" ]; then
        now=link
    elif [ -f "$root$path" ]; then
        now=$(sha256sum <"$root$path") && now=${now%% *}
    fi
    [ "$now" = "$sum" ] || give_up "overtaken: $path has changed since this was planned"
    if [ "$now" = absent ]; then
        echo "none - - $path"
    else
        mkdir -p "$backup/files${path%/*}" && cp -a "$root$path" "$backup/files$path" &&
            echo "was $(stat -c '%a %U:%G' "$root$path") $path" || give_up 'untouched: the backup could not be made'
    fi >>"$backup/list" || give_up 'untouched: the backup could not be made'
done
# What was there before the first release is a release, too.
current=$(readlink "$state/current" 2>/dev/null) || current=
current=${current##*/}
if [ -z "$current" ]; then
    current=000000000000 first=$state/releases/.first.$$
    rm -rf "$first" "$state/releases/$current"
    mkdir -p "$first" && cp -a "$backup/files" "$first/files" || give_up 'untouched: the backup could not be made'
    sed -n 's/^was \([0-7]*\) [^ ]* /\1 /p' "$backup/list" | while read -r mode path; do
        sum=$(sha256sum <"$first/files$path") && printf 'file %s %04d %s\n' "${sum%% *}" "$mode" "$path" || exit 1
    done >"$first/manifest" && echo end >>"$first/manifest" && sync -f "$first" &&
        mv -T "$first" "$state/releases/$current" || give_up 'untouched: the backup could not be made'
fi
echo "$current" >"$backup/release"
[ -n "$root" ] || echo "$program $(systemctl is-active "$program")" >"$backup/unit"
sync -f "$backup" || give_up 'untouched: the backup could not be made'

# From here on the host undoes this by itself, even after a boot.
if [ -z "$root" ]; then
    unit=/etc/systemd/system/sslscale-undo.service
    if ! cmp -s "$state/undo.service" $unit; then
        cp "$state/undo.service" $unit.new && chmod 644 $unit.new && sync $unit.new && mv -T $unit.new $unit &&
            systemctl daemon-reload && systemctl --quiet enable sslscale-undo.service 2>/dev/null ||
            give_up 'untouched: the service that undoes changes at a boot could not be installed'
    fi
fi
echo "$nonce" >"$state/.pending" && sync "$state/.pending" && mv -T "$state/.pending" "$state/pending" &&
    sync "$state" || give_up "untouched: $state cannot be written"
if [ -z "$root" ]; then
    systemd-run --quiet --collect --unit="sslscale-undo-$nonce" --on-active="$window" \
        --timer-property=AccuracySec=100ms /bin/sh "$state/undo.sh" "$nonce" || {
        rm -f "$state/pending"
        give_up 'untouched: the timer that undoes the change could not be started'
    }
fi

undo() { # REASON
    unlock_state
    if SSLSCALE_ROOT=$root sh "$state/undo.sh" "$nonce" >&2; then
        finish "undone: $*"
    else
        finish "unknown: $*, and undoing it failed"
    fi
}

# Connections to servers that go are finished first, on this balancer.
if [ "$program" = haproxy ] && [ "$drain" -gt 0 ] && [ -z "$root" ]; then
    haproxy_retired "$release/files/etc/haproxy/haproxy.cfg" >"$backup/drained"
    if [ -s "$backup/drained" ]; then
        while read -r server; do haproxy_ask "$(haproxy_admin)" "set server $server state drain" >/dev/null; done \
            <"$backup/drained"
        haproxy_wait_drained "$backup/drained" "$drain" ||
            echo "after $drain s there are still connections to servers that go; they end with haproxy's old worker" >&2
    fi
fi

put() { # MODE PATH
    new=$root${2%/*}/.sslscale.${2##*/}
    (umask 022 && mkdir -p "$root${2%/*}") && cp "$release/files$2" "$new" && chmod "$1" "$new" &&
        { [ -n "$root" ] || chown root:root "$new"; } && sync "$new" && mv -T "$new" "$root$2" && sync "$root${2%/*}"
}
sed -n 's/^directory //p' "$release/manifest" | while read -r directory; do
    (umask 022 && mkdir -p "$root$directory") || exit 1
done || undo 'a directory could not be created'
cut -d ' ' -f 4 "$backup/list" | while read -r path; do
    mode=$(awk -v path="$path" '$1 == "file" && $4 == path { print $3 }' "$release/manifest")
    if [ -n "$mode" ]; then put "$mode" "$path" || exit 1; else rm -f "$root$path" || exit 1; fi
done || undo 'a file could not be replaced'
ln -s "releases/$id" "$state/.current.$$" && mv -T "$state/.current.$$" "$state/current" && sync -f "$state" ||
    undo 'the release could not be made the current one'
[ -z "$root" ] || finish 'done'

case $actions in *' units '*) systemctl daemon-reload || undo 'systemd did not read its units' ;; esac
case $actions in
*' restart '* | *' start '*)
    : >"$backup/restarted"
    systemctl reset-failed "$program" 2>/dev/null
    systemctl restart "$program" >&2 || undo "$program did not start"
    ;;
*' reload '*)
    case $program in
    haproxy) haproxy_reload 20 || undo 'haproxy does not run the new configuration' ;;
    nginx)
        config=$(nginx_config /etc/sslscale/tickets) && master=$(nginx_master) && [ -n "$master" ] ||
            undo 'nginx does not run, or refuses its configuration'
        nginx_reload "$master" 20 || undo 'nginx does not run the new configuration'
        ;;
    esac
    ;;
*) finish 'done' ;;
esac
if [ "$program" = haproxy ]; then
    haproxy_runs "$(haproxy_revision)" 10 || undo 'haproxy does not run the new configuration'
fi
[ "$(systemctl is-active "$program")" = active ] || undo "$program does not run"
finish 'done'
