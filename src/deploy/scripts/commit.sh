# Ends a deploy on a host: its release is the current one, and older ones go.
#
#     commit.sh LEASE RELEASE KEEP HOLDER      keeps the KEEP releases that were used last, and what was there before the
#                                              first one
lease=$1 id=$2 keep=$3 holder=$4
lock_state
keep_lease "$lease"
[ -f "$state/releases/$id/manifest" ] || finish 'untouched: the release is not on the host any more'
if [ "$(readlink "$state/current")" != "releases/$id" ]; then
    ln -s "releases/$id" "$state/.current.$$" && mv -T "$state/.current.$$" "$state/current" ||
        unwritable
fi
echo "$(date +%s) $id $lease $holder" >>"$state/history" && sync -f "$state" || finish 'unknown: the history could not be written'
# The releases that were used last. The history is in the order of the deploys, whatever the clock was.
awk -v keep="$keep" '{ used[NR] = $2 } END { for (i = NR; i > 0; i--) if (!seen[used[i]]++ && count++ < keep) print used[i] }' \
    "$state/history" >"$state/.kept"
tail -n 200 "$state/history" >"$state/.history" &&
    sync "$state/.history" && mv -T "$state/.history" "$state/history" || finish 'unknown: the history could not be written'
for found in "$state"/releases/*; do
    name=${found##*/}
    [ "$name" = 000000000000 ] || [ "$name" = "$id" ] || grep -qx "$name" "$state/.kept" || rm -rf "$found"
done
rm -rf "$state/.kept" "$state"/backup/* "$state"/confirmed.* "$state"/undone.* "$state/lease"
finish 'done'
