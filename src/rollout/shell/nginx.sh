# The nginx of a host: finding it, and a reload that is observed. Below another root none runs.

# nginx_master: the process id of the nginx that runs; nothing where none does.
nginx_master() {
    [ -z "$root" ] && command -v nginx >/dev/null || return 0
    file=$(nginx -T 2>/dev/null | sed -n 's/^[[:space:]]*pid[[:space:]]\{1,\}\([^;]*\);.*/\1/p' | head -n 1)
    [ -n "$file" ] || file=$(nginx -V 2>&1 | sed -n 's/.*--pid-path=\([^ ]*\).*/\1/p')
    pid=$(tr -cd 0-9 2>/dev/null <"$file") && [ -n "$pid" ] || return 0
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    'nginx: master'*) printf '%s\n' "$pid" ;;
    esac
}

# nginx_workers MASTER: the workers that take connections, each as its process id and start time.
nginx_workers() {
    for status in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null); do
        process=${status%/status}
        case $(tr '\0' ' ' 2>/dev/null <"$process/cmdline") in
        'nginx: worker process is shutting down'*) ;;
        'nginx: worker process'*) echo "${process#/proc/}:$(cut -d ' ' -f 22 2>/dev/null <"$process/stat")" ;;
        esac
    done
}

# nginx_reload MASTER SECONDS: makes nginx read its files again, and waits until only workers that
# did so take connections. The exit status of `nginx -s reload` would only tell that a signal was
# sent.
nginx_reload() {
    before=$(nginx_workers "$1")
    kill -HUP "$1" || return 1
    turns=$(($2 * 10))
    while [ "$turns" -gt 0 ]; do
        sleep 0.1
        now=$(nginx_workers "$1")
        lingering=
        for worker in $before; do
            case " $(echo $now) " in *" $worker "*) lingering=yes ;; esac
        done
        [ -z "$now" ] || [ -n "$lingering" ] || return 0
        turns=$((turns - 1))
    done
    return 1
}
