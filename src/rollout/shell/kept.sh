# Where sslscale keeps what it knows of a host, in $state, and the begin of its units, in $undo_unit. haproxy and nginx of one
# machine are two hosts, which are changed apart, and each has a directory of its own there. But one that was alone on the
# machine before stays where it is, and so does one that is alone again.
state=$root/var/lib/sslscale undo_unit=sslscale-undo
if [ -n "$part" ]; then
    if [ -d "$state/$part" ] ||
        { [ -n "$shares" ] && ! grep -qs "^file [^ ]* [^ ]* /etc/$part/" "$state"/releases/*/manifest; }; then
        state=$state/$part undo_unit=$undo_unit-$part
    fi
fi
