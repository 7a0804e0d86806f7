# Whose turn it is to change the host.
umask 077

# unwritable: ends the script where nothing was changed, with what a try to write there says.
unwritable() {
    why=$({ cp /proc/self/status "$state/.try" && head -c 65536 /dev/zero >>"$state/.try"; } 2>&1)
    rm -f "$state/.try"
    finish "untouched: $state cannot be written${why:+: ${why##*: }}"
}

# lock_state: waits up to 20 s for the lock that every change of a host holds. It ends with the script, or with
# unlock_state.
lock_state() {
    mkdir -p "$state" || unwritable
    exec 7<"$state" && flock -w 20 7 || finish 'untouched: another run is changing this host'
}
unlock_state() { exec 7<&-; }

# The boot that the time since then counts from.
boot() { read -r boot_is </proc/sys/kernel/random/boot_id && echo "$boot_is"; }

# write_lease LEASE HOLDER [BEGAN]: BEGAN is the time since the boot when the deploy took the host; now without it.
write_lease() {
    { echo "$1 $(boot) $(uptime) $2 ${3:-$(uptime)}" >"$state/.lease"; } 2>/dev/null && sync "$state/.lease" && mv -T "$state/.lease" "$state/lease"
}

# held_lease: of a lease that still counts, its id, how many seconds ago its deploy did something and took the host, and
# its holder. One from before a boot, or that was not renewed for ten minutes, does not count: its deploy is gone.
held_lease() {
    read -r has_id has_boot has_since has_holder has_began 2>/dev/null <"$state/lease" || return 0
    has_age=$(($(uptime) - has_since))
    [ "$has_boot" = "$(boot)" ] && [ "$has_age" -ge 0 ] && [ "$has_age" -lt 600 ] || return 0
    echo "$has_id $has_age $(($(uptime) - ${has_began:-$has_since})) $has_holder"
}

# keep_lease LEASE: ends the script unless the host is this deploy's. Call it under the lock.
keep_lease() {
    read -r has_id has_boot has_since has_holder has_began 2>/dev/null <"$state/lease" && [ "$has_id" = "$1" ] ||
        finish 'overtaken: this host was given back with `unlock`, or another deploy has taken it over'
    write_lease "$1" "$has_holder" "$has_began" || unwritable
}
