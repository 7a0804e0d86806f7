# Describes the ring, and what nginx would load. It changes nothing, and shows no key. Under the lock, a
# ring that is being swapped is seen before or after that.
lock_to_read "$rings/.lock" || { echo 'another run is changing the ticket keys of this host' >&2; exit 75; }
if [ -L "$ring" ] && [ ! -d "$ring" ] && [ -d "$rings" ] && [ ! -x "$rings" ]; then
    echo "$rings cannot be read: log in as root" >&2
    exit 77
fi
# since FILE: for how many seconds FILE has had its content.
since() { echo $(($(date +%s) - $(stat -L -c %Y "$1"))); }
if [ -d "$ring" ]; then
    [ -r "$ring" ] && [ -x "$ring" ] || { echo "$ring cannot be read: log in as root" >&2; exit 77; }
    if [ -L "$ring" ]; then echo layout link; else echo layout directory; fi
    echo "directory $(stat -L -c %a "$ring")"
    for key in current previous next; do
        [ ! -f "$ring/$key.key" ] ||
            echo "$key $(sha256sum <"$ring/$key.key" | cut -c 1-16) $(stat -L -c '%s %a' "$ring/$key.key")"
    done
    [ ! -f "$ring/current.key" ] || echo "age $(since "$ring/current.key")"
    # The previous key is written when the host stops encrypting with it.
    [ ! -f "$ring/previous.key" ] || echo "retired $(since "$ring/previous.key")"
    echo "history $(former "$ring" | tr '\n' ' ')"
    [ ! -e "$ring/loaded" ] || echo loaded
fi
if [ -z "$root" ]; then
    config=$(nginx_config "$ring")
    pid=$(nginx_master)
    if [ -n "$pid" ]; then
        echo nginx running
        nginx_changed "$pid" "$(cat "$ring/loaded" 2>/dev/null)" | sed 's/^/changed /'
    elif command -v nginx >/dev/null; then
        echo nginx stopped
    else
        echo nginx missing
    fi
    if [ -n "$config" ]; then
        printf '%s\n' "$config" | sed -n 's/^keys /config &/p'
    elif command -v nginx >/dev/null; then
        echo config rejected
    fi
fi
# An answer without this line is not complete.
echo end
