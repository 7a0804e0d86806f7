# Describes the ring. It changes nothing, and shows no key. Under the lock, a ring that is being
# swapped is seen before or after that.
lock_to_read "$rings/.lock" || { echo 'another run is changing the ticket keys of this host' >&2; exit 75; }
if [ -L "$ring" ] && [ ! -d "$ring" ] && [ -d "$rings" ] && [ ! -x "$rings" ]; then
    echo "$rings cannot be read: log in as root" >&2
    exit 77
fi
if [ -d "$ring" ]; then
    [ -r "$ring" ] && [ -x "$ring" ] || { echo "$ring cannot be read: log in as root" >&2; exit 77; }
    if [ -L "$ring" ]; then echo layout link; else echo layout directory; fi
    echo "directory $(stat -L -c %a "$ring")"
    for key in current previous next; do
        [ ! -f "$ring/$key.key" ] ||
            echo "$key $(sha256sum <"$ring/$key.key" | cut -c 1-16) $(stat -L -c '%s %a' "$ring/$key.key")"
    done
    [ ! -f "$ring/current.key" ] || echo "age $(($(date +%s) - $(stat -L -c %Y "$ring/current.key")))"
    [ ! -e "$ring/loaded" ] || echo loaded
fi
if [ -n "$(nginx_master)" ]; then echo nginx; fi
# An answer without this line is not complete.
echo end
