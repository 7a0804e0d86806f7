# Shows what the program says to the configuration that is there, if it would not read it. Shows nothing below another root.
#   refused WORDS...             the first error
show_refused() { # PROGRAM
    [ -z "$root" ] && command -v "$1" >/dev/null || return 0
    case $1 in
    nginx) said=$(nginx -t -q 2>&1) && return 0 ;;
    haproxy) said=$(haproxy -c -f /etc/haproxy/haproxy.cfg 2>&1) && return 0 ;;
    esac
    # Before the words there are the program or the time, the kind of error and the process.
    first=$(printf '%s\n' "$said" | grep -m 1 -e '\[emerg\]' -e '\[ALERT\]' || printf '%s\n' "$said" | head -n 1)
    printf '%s\n' "$first" | sed -e 's/^.*\[emerg\] *//; s/^[0-9]*#[0-9]*: //; s/^.*\[ALERT\] *([0-9]*) : //' -e 's/^/refused /' | cut -c 1-400
}
