# A symbolic link that leads to one of several directories: one rename replaces all files in it.

# swap LINK TARGET: lets the link lead to TARGET, durably.
swap() {
    ln -s "$2" "${1%/*}/.${1##*/}.$$" && mv -T "${1%/*}/.${1##*/}.$$" "$1" && sync "${1%/*}"
}

# swap_back LINK TARGET: undoes a swap. TARGET is empty where there was no link before.
swap_back() {
    if [ -n "$2" ]; then swap "$1" "$2"; else rm -f "$1" && sync "${1%/*}"; fi
}
