# The nginx of a host: finding it, what it would load, what has changed since it loaded its files, and
# a reload that is observed. Below another root none runs.

# nginx_config DIRECTORY: what nginx would load now, from `nginx -T`, as lines:
#   pid FILE     the file with its process id
#   file FILE    for each configuration file
#   keys KEYS    the ticket keys of a TLS server in their order, with commas between them, or `none`; for
#                the servers of each file that names a ticket key in DIRECTORY. Equal lines are written once.
#   end          the configuration is valid
# Nothing where nginx rejects its configuration, or is not installed.
nginx_config() {
    [ -z "$root" ] && command -v nginx >/dev/null || return 0
    { nginx -T 2>/dev/null && printf '\n# configuration file :\n'; } | awk -v directory="$1/" '
        function flush() {
            if (tls || keys != "") {
                keys = keys != "" ? keys : base != "" ? base : "none"
                sets[++count] = keys
                if (index("," keys, "," directory)) named = 1
            }
            tls = 0; keys = ""
        }
        function statement(text, end,   n, words) {
            gsub(/["\047]/, "", text)
            n = split(text, words)
            if (end == "{" && words[1] == "server") {
                # What comes before the first server of a file is for all of them.
                if (!servers++) { base = keys; keys = "" }
                flush()
            } else if (end == ";" && words[1] == "pid" && !pid++) print "pid " words[2]
            else if (words[1] == "ssl_certificate" || words[1] == "ssl_reject_handshake") tls = 1
            else if (words[1] == "ssl_session_ticket_key") keys = keys (keys == "" ? "" : ",") words[2]
        }
        /^# configuration file .*:$/ {
            flush()
            for (i = 1; named && i <= count; i++) if (!seen[sets[i]]++) print "keys " sets[i]
            count = named = servers = 0; base = text = ""
            name = substr($0, 22, length($0) - 22)
            if (name == "") print "end"
            else print "file " name
            next
        }
        {
            sub(/(^|[ \t])#.*/, "")
            while (match($0, /[;{}]/)) {
                statement(text substr($0, 1, RSTART - 1), substr($0, RSTART, 1))
                text = ""
                $0 = substr($0, RSTART + 1)
            }
            text = text $0 " "
        }'
}

# nginx_master: the process id of the nginx that runs; nothing where none does. Reads $config, which is
# what nginx_config wrote.
nginx_master() {
    [ -z "$root" ] && command -v nginx >/dev/null || return 0
    file=$(printf '%s\n' "$config" | sed -n 's/^pid //p')
    [ -n "$file" ] || file=$(nginx -V 2>&1 | sed -n 's/.*--pid-path=\([^ ]*\).*/\1/p')
    pid=$(tr -cd 0-9 2>/dev/null <"$file") && [ -n "$pid" ] || return 0
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    'nginx: master'*) printf '%s\n' "$pid" ;;
    esac
}

# nginx_errors: where nginx logs its own errors, if that is a file.
nginx_errors() {
    sed -n 's/^[[:space:]]*error_log[[:space:]]\{1,\}\(\/[^ ;]*\).*/\1/p' /etc/nginx/nginx.conf | head -n 1
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

# nginx_files: the names of the files in $config.
nginx_files() {
    printf '%s\n' "$config" | sed -n 's/^file //p'
}

# nginx_changed MASTER FILES: the configuration files in $config that were changed, added or, of those
# named in FILES, one on a line, removed after nginx last loaded its configuration. That was when the oldest
# worker started; its age is the difference to a process that starts now, because a container may hide
# the time since boot. The time of the change of the inode counts: `touch`, `cp -p` and `mv` do not
# hide it. A change while nginx reads its files, or in the tenth of a second after that, is missed.
nginx_changed() {
    oldest=$(nginx_workers "$1" | cut -d : -f 2 | sort -n | head -n 1)
    [ -n "$oldest" ] || return 0
    age=$((($(cut -d ' ' -f 22 /proc/self/stat) - oldest) * 1000 / $(getconf CLK_TCK)))
    loaded=$(($(date +%s%3N) - age + 100))
    files=$(nginx_files)
    # Of a link, both the link and the file count.
    for follow in '' -L; do
        printf '%s\n' "$files" | tr '\n' '\0' | xargs -0 stat $follow -c '%.3Z %n' -- 2>/dev/null
    done | awk -v loaded="$loaded" '{
        time = $1; sub(/\./, "", time); sub(/^[^ ]* /, "")
        if (time + 0 > loaded + 0 && !seen[$0]++) print
    }'
    # A file that is gone has no time, but its directory has.
    printf '%s\n' "$2" | while read -r name; do
        [ -n "$name" ] && ! printf '%s\n' "$files" | grep -Fqx -- "$name" || continue
        time=$(stat -c %.3Z -- "${name%/*}" 2>/dev/null | tr -d .)
        [ "${time:-9999999999999}" -le "$loaded" ] || printf '%s (removed)\n' "$name"
    done
}

# nginx_reload MASTER SECONDS: makes nginx read its files again, and waits until only workers that
# did so take connections. The exit status of `nginx -s reload` would only tell that a signal was
# sent. It gives up at once where nginx says in its log of errors that it cannot listen; $logged is how many bytes that
# had before.
nginx_reload() {
    before=$(nginx_workers "$1")
    errors=$(nginx_errors) logged=$(stat -c %s "$errors" 2>/dev/null || echo 0)
    kill -HUP "$1" || return 1
    reload_until=$(($(uptime) + $2))
    while [ "$(uptime)" -lt "$reload_until" ]; do
        sleep 0.1
        now=$(nginx_workers "$1")
        lingering=
        for worker in $before; do
            case " $(echo $now) " in *" $worker "*) lingering=yes ;; esac
        done
        [ -z "$now" ] || [ -n "$lingering" ] || return 0
        ! nginx_said | grep -q "\[emerg\] $1#$1: still could not bind()" || return 1
    done
    return 1
}

# nginx_said: what nginx has logged since nginx_reload has begun.
nginx_said() { [ -z "$errors" ] || tail -c "+$((logged + 1))" "$errors" 2>/dev/null; }
