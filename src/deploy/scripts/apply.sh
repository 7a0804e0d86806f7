# Makes a host use a release that is stored there: a backup, a timer that undoes everything, the files, and the
# program's reload, which is observed. The host keeps the release only if it is confirmed before the timer ends.
#
#     apply.sh LEASE NONCE RELEASE PROGRAM WINDOW DRAIN CHANGE ACTION... < EXPECTED
#
# EXPECTED has a line for each file that changes, `SHA256 PATH` or `absent PATH`, as it was when this was planned. They
# change in this order; a line that ends with ` last` is of a file that is removed once the program has read its files
# again.
# WINDOW is how many seconds the host waits for the confirmation. ACTION is units, reload, restart or start. DRAIN is
# how many seconds servers that the new configuration has no more may take to finish their connections; the host waits
# for that much longer where there are any. After CHANGE seconds without the drain what is not finished is undone.
lease=$1 nonce=$2 id=$3 program=$4 window=$5 drain=$6 change=$7
shift 7
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

mkdir -p "$backup/files" || unwritable
# When the program loaded its configuration, in milliseconds since 1970: when its oldest worker started. Its age is the
# difference to a process that starts now, because a container may hide the time since boot. Empty if it does not run.
loaded=
if [ -z "$root" ]; then
    case $program in
    nginx) oldest=$(nginx_workers "$(nginx_master)" 2>/dev/null | cut -d : -f 2 | sort -n | head -n 1) ;;
    haproxy)
        worker=$(haproxy_worker) worker=${worker##* } oldest=
        [ -z "$worker" ] || oldest=$(cut -d ' ' -f 22 "/proc/$worker/stat" 2>/dev/null)
        ;;
    esac
    [ -z "$oldest" ] ||
        loaded=$(($(date +%s%3N) - ($(cut -d ' ' -f 22 /proc/self/stat) - oldest) * 1000 / $(getconf CLK_TCK) + 100))
fi
# An edit that the program has not loaded is not what an undo goes back to, which loads it: that is the last release.
keep_running() { # PATH
    [ -n "$loaded" ] && [ -f "$state/current/files$1" ] && ! cmp -s "$state/current/files$1" "$1" || return 0
    [ "$(stat -c %.3Z "$1" | tr -d .)" -gt "$loaded" ] || return 0
    mkdir -p "$backup/running${1%/*}" && cp "$state/current/files$1" "$backup/running$1"
}
: >"$backup/list"
: >"$backup/last"
while read -r sum path turn; do
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
        mkdir -p "$backup/files${path%/*}" && cp -a "$root$path" "$backup/files$path" && keep_running "$path" &&
            echo "was $(stat -c '%a %U:%G' "$root$path") $path" || give_up 'untouched: the backup could not be made'
    fi >>"$backup/list" || give_up 'untouched: the backup could not be made'
    [ -z "$turn" ] || echo "$path" >>"$backup/last" || give_up 'untouched: the backup could not be made'
done
# What was there before the first release is a release, too.
current=$(readlink "$state/current" 2>/dev/null) || current=
current=${current##*/}
if [ -z "$current" ]; then
    current=000000000000 first=$state/releases/.first.$$
    rm -rf "$first" "$state/releases/$current"
    mkdir -p "$first" && cp -a "$backup/files" "$first/files" && sed -n '/^was /p' "$backup/list" >"$first/list" ||
        give_up 'untouched: the backup could not be made'
    # Going back to it removes what it does not have: files that do not change belong to it.
    sed -n 's/^file [0-9a-f]* [0-7]* //p' "$release/manifest" | while read -r path; do
        [ -f "$root$path" ] && [ ! -e "$first/files$path" ] || continue
        mkdir -p "$first/files${path%/*}" && cp -a "$root$path" "$first/files$path" &&
            echo "was $(stat -c '%a %U:%G' "$root$path") $path" >>"$first/list" || exit 1
    done || give_up 'untouched: the backup could not be made'
    sed -n 's/^was \([0-7]*\) [^ ]* /\1 /p' "$first/list" | while read -r mode path; do
        sum=$(sha256sum <"$first/files$path") && printf 'file %s %04d %s\n' "${sum%% *}" "$mode" "$path" || exit 1
    done >"$first/manifest" && echo end >>"$first/manifest" && rm "$first/list" && sync -f "$first" &&
        mv -T "$first" "$state/releases/$current" || give_up 'untouched: the backup could not be made'
fi
echo "$current" >"$backup/release"
[ -n "$root" ] || echo "$program $(systemctl is-active "$program")" >"$backup/unit"
sync -f "$backup" || give_up 'untouched: the backup could not be made'

# Connections to servers that go are finished first, on this balancer.
if [ "$program" = haproxy ] && [ "$drain" -gt 0 ] && [ -z "$root" ]; then
    haproxy_retired "$release/files/etc/haproxy/haproxy.cfg" >"$backup/drained"
fi
[ -s "$backup/drained" ] || drain=0
window=$((window + drain))

# From here on the host undoes this by itself, even after a boot.
if [ -z "$root" ]; then
    unit=/etc/systemd/system/$undo_unit.service
    # When they differ early, it says that nobody reads the rest.
    if ! sed "s|/var/lib/sslscale|$state|" "$state/undo.service" 2>/dev/null | cmp -s - "$unit"; then
        sed "s|/var/lib/sslscale|$state|" "$state/undo.service" >"$unit.new" && chmod 644 "$unit.new" &&
            sync "$unit.new" && mv -T "$unit.new" "$unit" &&
            systemctl daemon-reload && systemctl --quiet enable "$undo_unit.service" 2>/dev/null ||
            give_up 'untouched: the service that undoes changes at a boot could not be installed'
    fi
fi
: >"$backup/unused" || give_up 'untouched: the backup could not be made'
echo "$nonce" >"$state/.pending" && sync "$state/.pending" && mv -T "$state/.pending" "$state/pending" &&
    sync "$state" || give_up "untouched: $state cannot be written"
if [ -z "$root" ]; then
    systemd-run --quiet --collect --unit="$undo_unit-$nonce" --on-active="$window" \
        --timer-property=AccuracySec=100ms /bin/sh "$state/undo.sh" "$nonce" || {
        rm -f "$state/pending"
        give_up 'untouched: the timer that undoes the change could not be started'
    }
fi

# What the program has said since it was started: systemd says only where to look.
why_not_started() {
    journalctl --sync 2>/dev/null
    journalctl -q --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value "$program")" 2>/dev/null |
        awk '!said[$0]++' | tail -n 8 >&2
}
undo() { # REASON
    unlock_state
    SSLSCALE_ROOT=$root sh "$state/undo.sh" "$nonce" >&2 || finish "unknown: $*, and undoing it failed"
    [ ! -e "$backup/edited" ] || finish "overtaken: $(cat "$backup/edited") has changed since this was planned"
    finish "undone: $*"
}

if [ "$drain" -gt 0 ]; then
    while read -r server; do haproxy_ask "$(haproxy_admin)" "set server $server state drain" >/dev/null; done \
        <"$backup/drained"
    haproxy_wait_drained "$backup/drained" "$drain" ||
        echo "after $drain s there are still connections to servers that go; they end with haproxy's old worker" >&2
fi
change_until=$(($(uptime) + change))
# left: seconds until the change has to be finished, at least one.
left() { seconds=$((change_until - $(uptime))) && echo $((seconds > 0 ? seconds : 1)); }

# is_as_planned FILE PATH: whether the file is what the backup has of PATH.
is_as_planned() {
    if [ -e "$backup/files$2" ]; then [ ! -L "$1" ] && cmp -s "$backup/files$2" "$1"; else [ ! -e "$1" ] && [ ! -L "$1" ]; fi
}
# keep_edit FILE PATH: FILE is what somebody has made of PATH in the last moment. The undo brings it back.
keep_edit() {
    echo "$2" >"$backup/edited"
    rm -f "$backup/files$2" "$backup/running$2"
    what='none - -'
    if [ -f "$1" ] && [ ! -L "$1" ]; then
        mkdir -p "$backup/files${2%/*}" && cp -a "$1" "$backup/files$2" && what="was $(stat -c '%a %U:%G' "$1")" || return
    elif [ -e "$1" ] || [ -L "$1" ]; then
        # The undo leaves alone what is no file.
        what=
    fi
    awk -v path="$2" -v what="$what" '$4 != path { print; next } what != "" { print what, path }' "$backup/list" \
        >"$backup/.list" && mv -T "$backup/.list" "$backup/list"
}
# swap NEW LIVE FLAG: renames as renameat2 does: 1 only if nothing is at LIVE, 2 with what is there taking the place of
# NEW. Fails with 38 where that is not possible on this machine.
swap() {
    perl -e '
        my ($from, $to, $flag) = @ARGV;
        my %number = (x86_64 => 316, aarch64 => 276, riscv64 => 276, ppc64le => 357, s390x => 347);
        chomp(my $machine = `uname -m`);
        my $number = $number{$machine} or exit 38;
        exit 0 if syscall($number, -100, $from, -100, $to, $flag + 0) == 0;
        exit 38 if $!{EINVAL} or $!{ENOSYS};
        warn "cannot move $from to $to: $!\n" unless $!{EEXIST} or $!{ENOENT};
        exit $! + 0;
    ' "$1" "$2" "$3"
}
put() { # MODE PATH
    new=$root${2%/*}/.sslscale.${2##*/} live=$root$2
    if [ -n "$1" ]; then
        (umask 022 && mkdir -p "$root${2%/*}") && cp "$release/files$2" "$new" && chmod "$1" "$new" &&
            { [ -n "$root" ] || chown root:root "$new"; } && sync "$new" || return
    fi
    is_as_planned "$live" "$2" || { rm -f "$new"; keep_edit "$live" "$2"; return 1; }
    if [ -z "$1" ]; then
        mv -T "$live" "$new" || return
    else
        # How it fails when somebody has just removed the file, or created it: ENOENT, EEXIST.
        if [ -e "$backup/files$2" ]; then how=2 edited=2; else how=1 edited=17; fi
        swap "$new" "$live" "$how"
        case $? in
        0) ;;
        38) mv -T "$new" "$live" || return ;;
        "$edited") rm -f "$new"; keep_edit "$live" "$2"; return 1 ;;
        *) rm -f "$new"; return 1 ;;
        esac
    fi
    sync "$root${2%/*}"
    # What came out may be an edit that was made after the look.
    [ ! -e "$new" ] || is_as_planned "$new" "$2" || { keep_edit "$new" "$2"; return 1; }
    rm -f "$new"
}
sed -n 's/^directory //p' "$release/manifest" | while read -r directory; do
    (umask 022 && mkdir -p "$root$directory") || exit 1
done || undo 'a directory could not be created'
cut -d ' ' -f 4 "$backup/list" >"$backup/paths"
while read -r path; do
    mode=$(awk -v path="$path" '$1 == "file" && $4 == path { print $3 }' "$release/manifest")
    grep -Fqx -- "$path" "$backup/last" || put "$mode" "$path" || undo 'a file could not be replaced'
done <"$backup/paths"
ln -s "releases/$id" "$state/.current.$$" && mv -T "$state/.current.$$" "$state/current" && sync -f "$state" ||
    undo 'the release could not be made the current one'
# No program names these any more, and none is in the middle of reading a file that does.
complete() {
    while read -r path; do put '' "$path" || undo 'a file could not be removed'; done <"$backup/last"
    finish 'done'
}
[ -z "$root" ] || complete

rm -f "$backup/unused"
[ "$(uptime)" -lt "$change_until" ] || undo "replacing the files took longer than $change s"
case $actions in *' units '*) systemctl daemon-reload || undo 'systemd did not read its units' ;; esac
case $actions in
*' restart '* | *' start '*)
    : >"$backup/restarted"
    systemctl reset-failed "$program" 2>/dev/null
    timeout -k 1 "$(left)" systemctl restart "$program" >&2 || { why_not_started; undo "$program did not start"; }
    ;;
*' reload '*)
    case $program in
    haproxy) haproxy_reload "$(left)" || undo 'haproxy does not run the new configuration' ;;
    nginx)
        config=$(nginx_config /etc/sslscale/tickets) && master=$(nginx_master) && [ -n "$master" ] ||
            undo 'nginx does not run, or refuses its configuration'
        nginx_reload "$master" "$(left)" || {
            # Each line once: a time and numbers of processes are before it.
            nginx_said | sed -n 's/^.*\(\[emerg\]\) [0-9]*#[0-9]*: /\1 /p' | awk '!said[$0]++' | tail -n 4 >&2
            undo 'nginx does not run the new configuration'
        }
        ;;
    esac
    ;;
*) complete ;;
esac
if [ "$program" = haproxy ]; then
    haproxy_runs "$(haproxy_revision)" "$(left)" || undo 'haproxy does not run the new configuration'
fi
[ "$(systemctl is-active "$program")" = active ] || undo "$program does not run"
complete
