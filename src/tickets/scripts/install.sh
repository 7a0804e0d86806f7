# install HOW FROM TO AGE PATIENCE: replaces the ring. HOW is `advance`, with a new next key on
# standard input, or `whole`, with all three keys. FROM and TO are the fingerprints before and after.
# AGE is how many seconds ago the key became the current one. PATIENCE is how many seconds a reload
# may take.
how=$1 from=$2 to=$3 age=$4 patience=$5

refuse() {
    [ -z "$new" ] || rm -rf "$new"
    finish "untouched: $*"
}

# Removes every ring but the one that the link leads to in whatever way, and what a killed run has
# left. Only after the ring was found to be the expected one.
clean() {
    for found in "$rings"/ring.*; do
        [ -L "$found" ] || [ ! -d "$found" ] || [ "$found" -ef "$ring" ] || rm -rf --one-file-system "$found"
    done
    for found in "$base"/.tickets.*; do
        [ ! -L "$found" ] || rm -f "$found"
    done
}

# The mark that nginx has read the ring in this directory: made when that was observed, or when no
# nginx runs.
mark() {
    : >"$1/loaded" && sync "$1/loaded" "$1"
}

new=
(umask 022 && mkdir -p "$base") && mkdir -p "$rings" && chmod 0700 "$rings" && : >>"$rings/.lock" ||
    refuse "$base cannot be written"
lock "$rings/.lock" || refuse 'another run is changing the ticket keys of this host'
[ "$(prints "$ring")" = "$from" ] || refuse 'its keys were changed after they were read, by another run or by hand'
clean

new=$(mktemp -d "$rings/ring.XXXXXXXX") || refuse "$rings cannot be written"
take() { dd bs=80 count=1 iflag=fullblock of="$new/$1.key" 2>/dev/null; }
case $how in
advance) cat "$ring/next.key" >"$new/current.key" && cat "$ring/current.key" >"$new/previous.key" && take next ;;
whole) take current && take previous && take next ;;
esac || refuse 'the new keys could not be written'
[ "$(cat "$new"/*.key | wc -c)" -eq 240 ] && [ "$(prints "$new")" = "$to" ] || refuse 'the new keys arrived incomplete'
[ "$age" -eq 0 ] || touch -d "@$(($(date +%s) - age))" "$new/current.key"
sync "$new"/*.key "$new" || refuse 'the new keys could not be synced to disk'

if [ -d "$ring" ] && [ ! -L "$ring" ]; then
    # A directory that somebody laid out. No single rename can put a link in its place: between
    # these two commands there is no ring, and an nginx that starts right then does not find its
    # keys; one that runs keeps those in its memory. From then on there is a link.
    mv -T "$ring" "$rings/ring.plain" && chmod 0700 "$rings/ring.plain" && ln -s tickets.d/ring.plain "$ring" || {
        mv -T "$rings/ring.plain" "$ring"
        refuse "$ring is a directory that cannot be moved"
    }
fi

old=$(readlink "$ring")
pid=$(nginx_master)
loaded=
[ ! -e "$ring/loaded" ] || loaded=yes
# If the host stops here, nobody may believe that nginx has read the ring that is then there.
rm -f "$ring/loaded"
unread() { [ -z "$loaded" ] || mark "$ring"; }
swap "$ring" "tickets.d/${new##*/}" || {
    swap_back "$ring" "$old"
    unread
    refuse "$ring cannot be replaced"
}
if [ -n "$pid" ]; then
    if ! nginx -t >/dev/null 2>"$new/output"; then
        # nginx itself has not noticed anything yet.
        tail -n 3 "$new/output" >&2
        swap_back "$ring" "$old" && unread && rm -rf "$new" && finish 'undone: nginx rejects its configuration'
        finish 'unknown: nginx rejects its configuration, and the old keys could not be restored'
    fi
    rm -f "$new/output"
    if ! nginx_reload "$pid" "$patience"; then
        swap_back "$ring" "$old" && nginx_reload "$pid" "$patience" && mark "$ring" && rm -rf "$new" &&
            finish "undone: nginx started no workers with the new keys within $patience s"
        finish 'unknown: nginx started no workers with the new keys, and none after the old ones were restored'
    fi
fi
mark "$new" || finish "unknown: the new keys are installed, but $new/loaded could not be written"
clean
finish 'done'
