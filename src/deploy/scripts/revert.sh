# Undoes a change now, confirmed or not.
#
#     revert.sh LEASE NONCE
lease=$1 nonce=$2
lock_state
keep_lease "$lease"
unlock_state
[ ! -e "$state/undone.$nonce" ] || finish 'undone: the confirmation came too late, the host has put back what it had'
SSLSCALE_ROOT=$root sh "$state/undo.sh" "$nonce" revert >&2 || finish 'unknown: the change could not be undone'
[ -n "$root" ] || systemctl stop "$undo_unit-$nonce.timer" 2>/dev/null
[ -e "$state/undone.$nonce" ] || finish 'unknown: the host knows nothing of this change'
finish 'done'
