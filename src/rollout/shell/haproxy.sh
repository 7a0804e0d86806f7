# The haproxy of a host: asking it, and a reload that is observed.

# haproxy_ask SOCKET COMMAND: the whole answer. It ends with an empty line, so that one that is cut off is no answer.
haproxy_ask() {
    perl -MIO::Socket::UNIX -e '
        my ($path, $command) = @ARGV;
        $SIG{ALRM} = sub { die "timeout\n" };
        $SIG{PIPE} = "IGNORE";
        alarm 5;
        my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
        print $socket "$command\n";
        shutdown $socket, 1;
        local $/;
        my $answer = <$socket> // "";
        $answer =~ /\n\n\z/ or $answer eq "\n" or die "$path: the answer is cut off\n";
        print $answer;
    ' "$1" "$2"
}

# haproxy_admin: the socket of the worker.
haproxy_admin() { echo /run/haproxy/admin.sock; }

# haproxy_master: the socket of the master, as its command line names it.
haproxy_master() {
    pid=$(systemctl show --property=MainPID --value haproxy) && [ "${pid:-0}" -gt 0 ] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n '/^-S$/{n;s/,.*//;p;q}'
}

# haproxy_worker: how often the master was reloaded, how many of these reloads failed since the last that did not, and
# the process id of its worker.
haproxy_worker() {
    haproxy_ask "$(haproxy_master)" 'show proc' 2>/dev/null | awk '
        $2 == "master" { reloads = $3; failed = $5; sub(/\]/, "", failed) }
        /^# workers/ { workers = 1; next }
        /^#/ { workers = 0 }
        workers && NF { print reloads, failed + 0, $1; exit }'
}

# haproxy_revision: the revision in the configuration file.
haproxy_revision() { sed -n 's/^ *description sslscale \([0-9a-f]*\)$/\1/p' "$root/etc/haproxy/haproxy.cfg"; }

# haproxy_runs REVISION SECONDS [PID]: waits until a worker, of this process id if one is given, runs the revision.
# Without a revision any will do: it is not a file of ours.
haproxy_runs() {
    runs_until=$(($(uptime) + $2))
    while :; do
        info=$(haproxy_ask "$(haproxy_admin)" 'show info' 2>/dev/null)
        if printf '%s\n' "$info" | grep -qx "Pid: ${3:-[0-9]*}" &&
            { [ -z "$1" ] || printf '%s\n' "$info" | grep -qx "description: sslscale $1"; }; then
            return 0
        fi
        # Some configurations of others have no socket of this name.
        [ -n "$1" ] || [ -n "$info" ] || { [ "$(systemctl is-active haproxy)" = active ] && return 0; }
        [ "$(uptime)" -lt "$runs_until" ] || return 1
        sleep 0.1
    done
}

# haproxy_reload SECONDS: makes haproxy read its files again, and waits until a new worker runs them. `systemctl
# reload` tells only that a signal was sent.
haproxy_reload() {
    reload_until=$(($(uptime) + $1))
    before=$(haproxy_worker)
    [ -n "$before" ] || { echo 'the master of haproxy does not answer' >&2; return 1; }
    timeout -k 1 "$1" systemctl reload haproxy >&2 || return 1
    lost=20
    while [ "$(uptime)" -lt "$reload_until" ]; do
        now=$(haproxy_worker)
        if [ -z "$now" ]; then
            case $(systemctl is-active haproxy) in
            active | reloading) ;;
            *) haproxy_errors; return 1 ;;
            esac
        elif [ "${now%% *}" = "${before%% *}" ]; then
            # A signal that arrives while haproxy starts is lost.
            lost=$((lost - 1))
            [ "$lost" -gt 0 ] || { lost=1000; timeout -k 1 "$1" systemctl reload haproxy >&2; }
        else
            worker=${now##* } failed=${now% *} failed=${failed#* }
            [ "$failed" = 0 ] || { haproxy_errors; return 1; }
            if [ "$worker" != "${before##* }" ] && haproxy_runs "$(haproxy_revision)" 2 "$worker"; then return 0; fi
        fi
        sleep 0.1
    done
    return 1
}

# haproxy_errors: why it did not start, from its log.
haproxy_errors() { journalctl -u haproxy -o cat --since -20s 2>/dev/null | grep -E 'ALERT|exit-on-failure' | tail -n 5 >&2; }

# haproxy_retired CONFIG: of each server that runs and that the configuration has no more, though its backend stays and
# keeps another one: BACKEND/NAME. Servers that are not app servers are left alone.
haproxy_retired() {
    haproxy_ask "$(haproxy_admin)" 'show servers state' 2>/dev/null | awk -v config="$1" '
        BEGIN {
            while ((getline line < config) > 0) {
                n = split(line, word)
                if (line ~ /^[^ #]/) section = word[2]
                if (line ~ /^ *description servers that are not app servers$/) other[section] = 1
                if (n && word[1] == "server") { keeps[section " " word[2]] = 1; has[section] = 1 }
            }
        }
        NR > 2 && NF > 18 {
            if (keeps[$2 " " $4]) { if ($6 == 2) up[$2] = 1 } else if (has[$2]) gone[$2 "/" $4] = $2
        }
        END { for (server in gone) if (up[gone[server]] && !other[gone[server]]) print server }'
}

# haproxy_wait_drained FILE SECONDS: waits until no worker has a connection to the servers that FILE lists.
haproxy_wait_drained() {
    drained_until=$(($(uptime) + $2))
    while :; do
        {
            haproxy_ask "$(haproxy_admin)" 'show stat'
            for worker in $(haproxy_ask "$(haproxy_master)" 'show proc' | awk '
                /^# old workers/ { old = 1; next } /^#/ { old = 0 } old && NF { print $1 }'); do
                haproxy_ask "$(haproxy_master)" "@!$worker show stat"
            done
        } 2>/dev/null | awk -F , -v file="$1" '
            BEGIN { while ((getline line < file) > 0) listed[line] = 1 }
            listed[$1 "/" $2] { open += $5 }
            END { exit open > 0 }' && return 0
        [ "$(uptime)" -lt "$drained_until" ] || return 1
        sleep 1
    done
}
