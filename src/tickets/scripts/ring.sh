# What all scripts share: the first argument, and functions. Only what is no secret comes as an
# argument; keys come and go over standard input and output.
root=$1
base=$root/etc/sslscale
ring=$base/tickets
rings=$base/tickets.d
umask 077

# The fingerprints of the keys in the directory $1; nothing for a key that is not there.
prints() {
    for key in current previous next; do
        [ "$key" = current ] || printf -
        [ ! -f "$1/$key.key" ] || sha256sum <"$1/$key.key" | cut -c 1-16 | tr -d '\n'
    done
}

# The process id of the nginx that runs; nothing where none does, and below another root.
master() {
    [ -z "$root" ] && command -v nginx >/dev/null || return 0
    file=$(nginx -T 2>/dev/null | sed -n 's/^[[:space:]]*pid[[:space:]]\{1,\}\([^;]*\);.*/\1/p' | head -n 1)
    [ -n "$file" ] || file=$(nginx -V 2>&1 | sed -n 's/.*--pid-path=\([^ ]*\).*/\1/p')
    pid=$(tr -cd 0-9 2>/dev/null <"$file") && [ -n "$pid" ] || return 0
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    'nginx: master'*) printf '%s\n' "$pid" ;;
    esac
}

# The workers of the nginx $1 that take connections, each as its process id and start time.
workers() {
    for status in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null); do
        process=${status%/status}
        case $(tr '\0' ' ' 2>/dev/null <"$process/cmdline") in
        'nginx: worker process is shutting down'*) ;;
        'nginx: worker process'*) echo "${process#/proc/}:$(cut -d ' ' -f 22 2>/dev/null <"$process/stat")" ;;
        esac
    done
}
