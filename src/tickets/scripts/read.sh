# read ROOT: the keys of the ring, one behind the other, to standard output.
if [ -e "$rings/.lock" ] && exec 9<"$rings/.lock"; then
    flock -s -w 20 9 || exit 75
fi
exec cat "$ring/current.key" "$ring/previous.key" "$ring/next.key"
