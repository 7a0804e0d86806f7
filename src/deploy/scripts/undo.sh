# Puts back what a deploy that nobody confirmed has changed. It is on the host before anything changes there and runs
# without the deploy: from a timer, from the deploy, or at a boot before the programs start.
#
#     undo.sh NONCE [boot | revert]     at a boot nothing is reloaded; revert also undoes what was confirmed
#
# Ends with 0 where the host is as it was, or where the change was confirmed.
set -u
nonce=$1 how=${2-}
root=${SSLSCALE_ROOT-}
state=${0%/*}
[ "$nonce" != pending ] || nonce=$(cat "$state/pending") || exit 0
backup=$state/backup/$nonce
umask 077
# A confirmation that has begun comes first.
exec 7<"$state" && flock 7 || exit 1
[ ! -e "$state/confirmed.$nonce" ] || [ "$how" = revert ] || exit 0
[ ! -e "$state/undone.$nonce" ] && [ -f "$backup/list" ] || exit 0

# going_back PATH: what goes there. Of an edit that the program never loaded, that is the file of the release that it
# runs, if the program is going to read it.
going_back() {
    if [ -f "$backup/running$1" ] && [ ! -e "$backup/unused" ]; then echo "$backup/running$1"; else echo "$backup/files$1"; fi
}
# is_back PATH MODE OWNER: a file that cannot be replaced was not replaced before, either.
is_back() {
    [ ! -L "$root$1" ] && cmp -s "$(going_back "$1")" "$root$1" || return 1
    [ -n "$root" ] || [ "$(stat -c '%a %U:%G' "$root$1")" = "$2 $3" ]
}
put_back() { # WHAT MODE OWNER PATH
    # What was to replace it, if that was interrupted.
    new=$root${4%/*}/.sslscale.${4##*/}
    rm -f "$new"
    case $1 in
    was)
        is_back "$4" "$2" "$3" ||
            { mkdir -p "$root${4%/*}" && cp --preserve=timestamps "$(going_back "$4")" "$new" && chmod "$2" "$new" &&
                { [ -n "$root" ] || chown "$3" "$new"; } && sync "$new" && mv -T "$new" "$root$4"; } ||
            { rm -f "$new"; false; }
        ;;
    none) rm -f "$root$4" ;;
    esac
}
# What was done last is undone first: what a file names is back before it.
failed=
tac "$backup/list" | {
    while read -r what mode owner path; do put_back "$what" "$mode" "$owner" "$path" || failed=yes; done
    [ -z "$failed" ]
} || failed=yes
release=$(cat "$backup/release")
if [ "$release" = 000000000000 ]; then
    rm -f "$state/current"
else
    rm -f "$state/.current.undo" && ln -s "releases/$release" "$state/.current.undo" &&
        mv -T "$state/.current.undo" "$state/current" || failed=yes
fi
sync -f "$state"
[ -z "$failed" ] || exit 1

if [ -z "$root" ] && [ "$how" != boot ]; then
    read -r program was <"$backup/unit" || exit 1
    if [ "$program" = haproxy ] && [ -s "$backup/drained" ]; then
        while read -r server; do
            perl -MIO::Socket::UNIX -e 'alarm 3; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1; print $s "$ARGV[1]\n"; shutdown $s, 1; <$s>' \
                /run/haproxy/admin.sock "set server $server state ready"
        done <"$backup/drained"
    fi
    [ -e "$backup/unused" ] || systemctl daemon-reload
    # Its program has not been asked to use any of it yet.
    if [ -e "$backup/unused" ]; then
        :
    elif [ "$was" != active ]; then
        systemctl stop "$program" && systemctl reset-failed "$program" 2>/dev/null
    elif [ "$(systemctl is-active "$program")" = active ] && [ ! -e "$backup/restarted" ] &&
        systemctl reload "$program" && sleep 0.5 && [ "$(systemctl is-active "$program")" = active ]; then
        :
    else
        # A service that died several times in a row is not started again until its failures are forgotten.
        systemctl reset-failed "$program" 2>/dev/null
        systemctl restart "$program" || exit 1
    fi
fi
: >"$state/undone.$nonce"
rm -f "$state/pending"
sync -f "$state"
