# Locks. They end with the script, whatever ends it.

# lock FILE: waits up to 20 s for the lock on a file.
lock() {
    exec 9<"$1" && flock -w 20 9
}

# lock_to_read FILE: the same, beside others that only read. A file that is not there, or cannot be
# opened, is no lock.
lock_to_read() {
    if [ -r "$1" ] && exec 9<"$1"; then flock -s -w 20 9; fi
}
