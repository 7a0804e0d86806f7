# Shows how much room there is where a deploy writes. Shows nothing below another root.
#   space PATH BYTES FILES      what is available to everybody; FILES is `-` where their number has no limit
show_space() {
    [ -z "$root" ] || return 0
    stat -f -c '%a %S %d %c %n' /etc /var/lib "$state" /var/log /run 2>/dev/null | while read -r blocks size files all path; do
        [ "$all" -gt 0 ] || files=-
        echo "space $path $((blocks * size)) $files"
    done
}
