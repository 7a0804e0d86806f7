# Lets a host keep a change: its undo does nothing from here on.
#
#     confirm.sh LEASE NONCE
lease=$1 nonce=$2
lock_state
keep_lease "$lease"
[ ! -e "$state/undone.$nonce" ] || finish 'undone: the confirmation came too late, the host has put back what it had'
[ -f "$state/backup/$nonce/list" ] || finish 'unknown: the host knows nothing of this change'
: >"$state/confirmed.$nonce" && sync "$state/confirmed.$nonce" && rm -f "$state/pending" && sync "$state" ||
    finish 'unknown: the confirmation could not be written'
[ -n "$root" ] || systemctl stop "$undo_unit-$nonce.timer" 2>/dev/null
finish 'done'
