# install HOW FROM TO AGE RETIRED HISTORY PATIENCE: replaces the ring. HOW is `advance`, with a new next
# key on standard input, or `whole`, with all three keys. FROM and TO are the fingerprints before and
# after. For `whole`, AGE is how many seconds ago the current key became that, RETIRED how many seconds
# ago other hosts stopped encrypting with the previous one, or `never` if no host ever did, and HISTORY the
# fingerprints of the keys that were current before. PATIENCE is how many seconds a reload may take.
how=$1 from=$2 to=$3 age=$4 retired=$5 history=$6 patience=$7
# A ring knows this many of the rings before it.
most=400

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

# overtaken REASON: another run is at work on this host, or has been since it was observed.
overtaken() {
    finish "overtaken: $*"
}

# mark DIRECTORY FILES: the mark that nginx has read the ring in this directory: made when that was
# observed, or when no nginx runs. It has the names of the configuration files that nginx read then.
mark() {
    printf '%s\n' "$2" >"$1/loaded" && sync "$1/loaded" "$1"
}

new=
# A balancer holds no key: its address has been written in the place of an app server's.
released=$state/current/manifest
# What was there before the first release says nothing.
case $(readlink "$state/current") in */000000000000) released=/dev/null ;; esac
if grep -q ' /etc/haproxy/haproxy.cfg$' "$released" 2>/dev/null && ! grep -q ' /etc/nginx/conf.d/sslscale.conf$' "$released"; then
    refuse 'the host at this address is a balancer by its last release: correct `address` in the inventory'
fi
(umask 022 && mkdir -p "$base") && mkdir -p "$rings" && chmod 0700 "$rings" && : >>"$rings/.lock" ||
    refuse "$base cannot be written"
lock "$rings/.lock" || overtaken 'another run is changing the ticket keys of this host'
if [ "$(prints "$ring")" != "$from" ]; then
    # Another run may have completed the same rotation.
    [ "$(prints "$ring")" != "$to" ] || [ ! -e "$ring/loaded" ] || finish 'done'
    overtaken 'its keys were changed after they were read, by another run or by hand'
fi
# A reload puts all files of nginx into effect: it may not have rejected them, and nobody may have
# changed them since it loaded them.
fit() {
    config=$(nginx_config "$ring")
    why='nginx rejects its configuration'
    [ -n "$config" ] || { nginx -t 2>&1 | tail -n 3 >&2; return 1; }
    why='files changed after nginx loaded its configuration, and a reload would put them into effect: check them and reload nginx on the host'
    changed=$(nginx_changed "$pid" "$known")
    [ -z "$changed" ] || { printf '%s\n' "$changed" >&2; return 1; }
}
config=$(nginx_config "$ring")
pid=$(nginx_master)
known=$(cat "$ring/loaded" 2>/dev/null)
# A host without all keys may be one whose configuration names them already.
[ -z "$pid" ] || { [ "$how" = whole ] && [ -z "$config" ]; } || fit || refuse "$why"
clean

new=$(mktemp -d "$rings/ring.XXXXXXXX") || refuse "$rings cannot be written"
take() { dd bs=80 count=1 iflag=fullblock of="$new/$1.key" 2>/dev/null; }
case $how in
advance) cat "$ring/next.key" >"$new/current.key" && cat "$ring/current.key" >"$new/previous.key" && take next ;;
whole) take current && take previous && take next ;;
esac || refuse 'the new keys could not be written'
[ "$(cat "$new"/*.key | wc -c)" -eq 240 ] && [ "$(prints "$new")" = "$to" ] || refuse 'the new keys arrived incomplete'
case $how in
advance)
    previous=${from#*-}
    { echo "${previous%-*}" && former "$ring"; } | head -n "$most" >"$new/history"
    ;;
whole)
    for print in $history; do echo "$print"; done | head -n "$most" >"$new/history"
    now=$(date +%s)
    touch -d "@$((now - age))" "$new/current.key"
    previous=${to#*-}
    if [ "$from" = "$to" ]; then
        # A host on which nginx may not have loaded its ring may have encrypted with it until now.
        [ ! -e "$ring/loaded" ] || touch -r "$ring/previous.key" "$new/previous.key"
    elif [ "${from%%-*}" != "${previous%-*}" ]; then
        # So has one with the ring before this one.
        case $retired in
        never) touch -d @0 "$new/previous.key" ;;
        *) touch -d "@$((now - retired))" "$new/previous.key" ;;
        esac
    fi
    ;;
esac
sync "$new"/* "$new" || refuse 'the new keys could not be synced to disk'

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
loaded=
[ ! -e "$ring/loaded" ] || loaded=yes
# If the host stops here, nobody may believe that nginx has read the ring that is then there.
rm -f "$ring/loaded"
unread() { [ -z "$loaded" ] || mark "$ring" "$known"; }
swap "$ring" "tickets.d/${new##*/}" || {
    swap_back "$ring" "$old"
    unread
    refuse "$ring cannot be replaced"
}
if [ -n "$pid" ]; then
    if ! fit; then
        # nginx itself has not noticed anything yet.
        swap_back "$ring" "$old" && unread && rm -rf "$new" && finish "undone: $why"
        finish "unknown: the old keys could not be restored after an error: $why"
    fi
    if ! nginx_reload "$pid" "$patience"; then
        swap_back "$ring" "$old" && nginx_reload "$pid" "$patience" && mark "$ring" "$known" && rm -rf "$new" &&
            finish "undone: nginx started no workers with the new keys within $patience s"
        finish 'unknown: nginx started no workers with the new keys, and none after the old ones were restored'
    fi
fi
mark "$new" "$(nginx_files)" || finish "unknown: the new keys are installed, but $new/loaded could not be written"
clean
finish 'done'
