# Ends a deploy on a host: its release is the current one, and older ones go.
#
#     commit.sh LEASE RELEASE KEEP HOLDER      keeps the newest KEEP releases and what was there before the first one
lease=$1 id=$2 keep=$3 holder=$4
lock_state
keep_lease "$lease"
[ -f "$state/releases/$id/manifest" ] || finish 'untouched: the release is not on the host any more'
if [ "$(readlink "$state/current")" != "releases/$id" ]; then
    ln -s "releases/$id" "$state/.current.$$" && mv -T "$state/.current.$$" "$state/current" ||
        finish "untouched: $state cannot be written"
fi
echo "$(date +%s) $id $lease $holder" >>"$state/history" && sync -f "$state" || finish 'unknown: the history could not be written'
# The releases that were used last, the newest first.
tail -n 400 "$state/history" | sort -s -n -r -k 1,1 | awk -v keep="$keep" '!seen[$2]++ && seen["count"]++ < keep { print $2 }' \
    >"$state/.kept"
for found in "$state"/releases/*; do
    name=${found##*/}
    [ "$name" = 000000000000 ] || [ "$name" = "$id" ] || grep -qx "$name" "$state/.kept" || rm -rf "$found"
done
rm -rf "$state/.kept" "$state"/backup/* "$state"/confirmed.* "$state"/undone.* "$state/lease"
finish 'done'
