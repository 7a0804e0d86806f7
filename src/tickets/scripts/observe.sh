# observe ROOT: what is there of a ring. It changes nothing, and shows no key.
if [ -e "$rings/.lock" ] && exec 9<"$rings/.lock"; then
    # What is being swapped is seen before or after it, never half.
    flock -s -w 20 9 || exit 75
fi
if [ -L "$ring" ] && [ ! -d "$ring" ] && [ -d "$rings" ] && [ ! -x "$rings" ]; then
    echo "$rings cannot be read: it takes root" >&2
    exit 77
fi
if [ -d "$ring" ]; then
    [ -r "$ring" ] && [ -x "$ring" ] || { echo "$ring cannot be read: it takes root" >&2; exit 77; }
    if [ -L "$ring" ]; then echo layout link; else echo layout directory; fi
    echo "directory $(stat -L -c %a "$ring")"
    for key in current previous next; do
        [ ! -f "$ring/$key.key" ] ||
            echo "$key $(sha256sum <"$ring/$key.key" | cut -c 1-16) $(stat -L -c '%s %a' "$ring/$key.key")"
    done
    [ ! -f "$ring/current.key" ] || echo "age $(($(date +%s) - $(stat -L -c %Y "$ring/current.key")))"
    [ ! -e "$ring/loaded" ] || echo loaded
fi
if [ -n "$(master)" ]; then echo nginx; fi
# Whoever misses this line has not read all.
echo end
