# Takes a host for one deploy, or gives it back.
#
#     lease.sh take LEASE HOLDER     fails where another deploy has it
#     lease.sh force LEASE HOLDER    takes it from another deploy, and undoes what that one did not confirm
#     lease.sh release LEASE         gives it back, if it is this deploy's; `*` is anybody's
what=$1 lease=$2 holder=${3-}
lock_state
if [ "$what" = release ]; then
    # Whoever was killed while it gave the host back may have left a change that was never confirmed.
    id='' rest=''
    read -r id rest 2>/dev/null <"$state/lease" || [ -e "$state/pending" ] || finish 'done'
    [ "$lease" != '*' ] || lease=$id
    [ "$id" = "$lease" ] || finish 'overtaken: this host was given back with `unlock`, or another deploy has taken it over'
else
    held=$(held_lease)
    if [ "$what" = take ] && [ -n "$held" ] && [ "${held%% *}" != "$lease" ]; then
        rest=${held#* }
        age=$((${rest%% *} / 60))
        # Other hosts of the same deploy were active in other seconds.
        [ "$age" -gt 0 ] && age="$age min" || age='less than a minute'
        finish "overtaken: a deploy of ${held##* } has this host, and was last active $age ago"
    fi
fi
# This comes before an undo: a deploy that is about to confirm its change is told whose the host is, and not that its time
# is over.
had=$(cat "$state/lease" 2>/dev/null)
if [ "$what" != release ]; then
    write_lease "$lease" "$holder" || unwritable
elif [ -e "$state/pending" ]; then
    # Whoever kills this leaves a host that `unlock` finds.
    set -- $rest
    write_lease unlocked "${3:-nobody}" || unwritable
fi
if [ -e "$state/pending" ]; then
    nonce=$(cat "$state/pending")
    unlock_state
    SSLSCALE_ROOT=$root sh "$state/undo.sh" "$nonce" >&2 || {
        lock_state
        if [ -n "$had" ]; then echo "$had" >"$state/lease"; else rm -f "$state/lease"; fi
        finish 'unknown: a change that was never confirmed could not be undone'
    }
    lock_state
fi
[ -n "$root" ] || systemctl stop "$undo_unit-[0-9a-f]*.timer" 2>/dev/null
# Nothing waits for a confirmation now, so nothing will be undone.
rm -rf "$state"/backup/* "$state"/confirmed.* "$state"/undone.*
[ "$what" != release ] || rm -f "$state/lease" || unwritable
finish 'done'
