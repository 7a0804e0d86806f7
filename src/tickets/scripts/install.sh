# install ROOT HOW FROM TO AGE PATIENCE: puts another ring in the place of the one that is there.
# HOW is `advance`, with a new next key on standard input, or `whole`, with all three. FROM and TO
# are the fingerprints before and after. AGE is how many seconds ago the key became the current
# one. PATIENCE is how many seconds a reload may take. The last line says how it ended.
how=$2 from=$3 to=$4 age=$5 patience=$6

# A connection that breaks must not leave a host in the middle.
trap '' HUP INT PIPE TERM

finish() {
    printf 'sslscale-tickets %s\n' "$*"
    exit 0
}

refuse() {
    [ -z "$new" ] || rm -rf "$new"
    finish "untouched: $*"
}

# Removes every ring but the one that the link leads to, and what a run that was killed has left.
clean() {
    kept=$(readlink "$ring")
    for found in "$rings"/ring.* "$base"/.tickets.*; do
        [ "$found" = "$base/$kept" ] || rm -rf "$found"
    done
}

# One rename: nginx opens the files by the link and so finds three keys of one ring.
swap() {
    ln -s "$1" "$base/.tickets.$$" && mv -T "$base/.tickets.$$" "$ring" && sync "$base"
}

# What undoes the swap; it is whole before the swap is done.
back() {
    if [ -n "$old" ]; then swap "$old"; else rm -f "$ring" && sync "$base"; fi
}

# The mark that nginx has read the ring it is in: put where that was observed, or nothing runs.
mark() {
    : >"$1/loaded" && sync "$1/loaded" "$1"
}

# Makes the nginx $1 read its files anew, and waits until only workers that did so take
# connections. Its own word for it would not do: it says that a signal was sent.
reload() {
    before=$(workers "$1")
    kill -HUP "$1" || return 1
    turns=$((patience * 10))
    while [ "$turns" -gt 0 ]; do
        sleep 0.1
        now=$(workers "$1")
        lingering=
        for worker in $before; do
            case " $(echo $now) " in *" $worker "*) lingering=yes ;; esac
        done
        [ -z "$now" ] || [ -n "$lingering" ] || return 0
        turns=$((turns - 1))
    done
    return 1
}

new=
(umask 022 && mkdir -p "$base") && mkdir -p "$rings" && chmod 0700 "$rings" && : >>"$rings/.lock" ||
    refuse "$base cannot be written"
exec 9<"$rings/.lock"
flock -w 20 9 || refuse 'another run is changing its keys'
clean
[ "$(prints "$ring")" = "$from" ] || refuse 'its keys are no longer those that were seen: another run changed them'

new=$(mktemp -d "$rings/ring.XXXXXXXX") || refuse "$rings cannot be written"
take() { dd bs=80 count=1 iflag=fullblock of="$new/$1.key" 2>/dev/null; }
case $how in
advance) cat "$ring/next.key" >"$new/current.key" && cat "$ring/current.key" >"$new/previous.key" && take next ;;
whole) take current && take previous && take next ;;
esac || refuse 'the keys could not be written'
[ "$(cat "$new"/*.key | wc -c)" -eq 240 ] && [ "$(prints "$new")" = "$to" ] || refuse 'the keys did not arrive whole'
[ "$age" -eq 0 ] || touch -d "@$(($(date +%s) - age))" "$new/current.key"
sync "$new"/*.key "$new" || refuse 'the keys could not be made durable'

if [ -d "$ring" ] && [ ! -L "$ring" ]; then
    # A directory that somebody laid out. It cannot be replaced by a link in one rename: between
    # these two commands there is no ring, and an nginx that starts right then does not find its
    # keys; one that runs goes on with those in its memory. From then on there is a link.
    mv -T "$ring" "$rings/ring.plain" && chmod 0700 "$rings/ring.plain" && ln -s tickets.d/ring.plain "$ring" || {
        mv -T "$rings/ring.plain" "$ring"
        refuse "$ring is a directory that cannot be moved"
    }
fi

old=$(readlink "$ring")
pid=$(master)
loaded=
[ ! -e "$ring/loaded" ] || loaded=yes
# If this is the last that the host gets to do, nobody takes the ring for one that nginx has read.
rm -f "$ring/loaded"
unread() { [ -z "$loaded" ] || mark "$ring"; }
swap "tickets.d/${new##*/}" || {
    back
    unread
    refuse "$ring cannot be replaced"
}
if [ -n "$pid" ]; then
    if ! nginx -t >/dev/null 2>"$new/said"; then
        # To nginx nothing has happened yet.
        tail -n 3 "$new/said" >&2
        back && unread && rm -rf "$new" && finish 'undone: nginx refuses its configuration'
        finish 'stuck: nginx refuses its configuration, and the old keys cannot be put back'
    fi
    rm -f "$new/said"
    if ! reload "$pid"; then
        back && reload "$pid" && mark "$ring" && rm -rf "$new" &&
            finish 'undone: no worker of nginx was seen to take the keys'
        finish 'stuck: no worker of nginx was seen to take the keys, nor to go back to the old ones'
    fi
fi
mark "$new" || finish 'stuck: the new keys are in use, which could not be written down'
clean
finish 'done'
