# Writes the keys of the ring, one after the other, to standard output.
lock_to_read "$rings/.lock" || { echo 'another run is changing the ticket keys of this host' >&2; exit 75; }
exec cat "$ring/current.key" "$ring/previous.key" "$ring/next.key"
