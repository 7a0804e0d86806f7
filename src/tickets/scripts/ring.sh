# Where a host has its rings. Keys come over standard input and go over standard output; nothing
# secret is an argument.
base=$root/etc/sslscale
ring=$base/tickets
rings=$base/tickets.d
umask 077

# prints DIRECTORY: the fingerprints of the keys in it; nothing for a key that is not there.
prints() {
    for key in current previous next; do
        [ "$key" = current ] || printf -
        [ ! -f "$1/$key.key" ] || sha256sum <"$1/$key.key" | cut -c 1-16 | tr -d '\n'
    done
}

# former DIRECTORY: the fingerprints of the keys that were current before the previous one, the newest
# first.
former() {
    [ ! -f "$1/history" ] || cat "$1/history"
}
