# Shows what a host has, and changes nothing.
#
#     observe.sh PROGRAM PORTS SERVERS PATH...
#
# PROGRAM is haproxy or nginx; PORTS, with blanks between them, are those that its rendered file listens on, and SERVERS
# the addresses that it connects to, in hexadecimal digits; the paths are those that a deploy would write. Each line that
# is written is a word and what belongs to it:
#   file PATH KIND [MODE OWNER SHA256]   KIND is regular, absent, link, directory or other
#   stock PATH                           the package's file, as the package has it
#   managed PATH SHA256                  a file of the release that was deployed last
#   release ID TIME                      that release, and when it was deployed, in seconds since 1970
#   unended                              the deploy that brought it was killed, or lost the host, before it ended
#   package VERSION                      of the program
#   unit ACTIVE ENABLED                  of its service
#   running REVISION                     what the program runs, if it is a rendered file
#   server POOL NAME SESSIONS STATUS     an app server as this balancer sees it, such as `UP 1/3`
#   lease ID AGE SINCE HOLDER            the deploy that has the host, and how many seconds ago it did something and began
#   tool NAME                            a program that a deploy needs and that is missing
#   end
program=$1 ports=$2 servers=$3
shift 3
# Only where the caller has put it before this script.
! command -v show_facts >/dev/null || show_facts "$program" "$ports" "$servers"
! command -v show_workers >/dev/null || show_workers "$program"
! command -v show_space >/dev/null || show_space
! command -v show_refused >/dev/null || show_refused "$program"
# Reads paths, one a line. All files are read by one program: a program for each takes longer than what it does.
show_files() {
    set --
    while read -r path; do
        [ -n "$path" ] || continue
        if [ -L "$root$path" ]; then
            echo "file $path link"
        elif [ ! -e "$root$path" ]; then
            echo "file $path absent"
        elif [ -d "$root$path" ]; then
            echo "file $path directory"
        elif [ -f "$root$path" ]; then
            set -- "$@" "$root$path"
        else
            echo "file $path other"
        fi
    done
    [ $# -gt 0 ] || return 0
    sums=$(sha256sum -- "$@") && about=$(stat -c '%a %U:%G' -- "$@") || return
    # Both are in the order of the arguments.
    while read -r sum name && read -r about <&8; do
        # A backslash goes before the sum of a file whose name has one.
        echo "file ${1#"$root"} regular $about ${sum#\\}"
        shift
    done <<sums 8<<about
$sums
sums
$about
about
}

held=$(held_lease)
[ -z "$held" ] || echo "lease $held"
# Each once, with a line end on both sides.
paths='
'
add_path() {
    case $paths in *"
$1
"*) ;; *) paths="$paths$1
" ;; esac
}
for path; do add_path "$path"; done
if [ -f "$state/current/manifest" ]; then
    release=$(readlink "$state/current") || exit
    # A release that was used before is older than its last use.
    time=$(tail -n 1 "$state/history" 2>/dev/null)
    case $time in
    *' '"${release##*/}"' '*) time=${time%% *} ;;
    *)
        time=$(stat -c %Y "$state/current/manifest")
        [ "${release##*/}" = 000000000000 ] || echo unended
        ;;
    esac
    echo "release ${release##*/} $time"
    while read -r kind sum mode path; do
        case $kind:$path in file:/*) echo "managed $path $sum" && add_path "$path" ;; esac
    done <"$state/current/manifest" || exit
fi
paths=${paths#?}
show_files <<paths || exit
$paths
paths

# Below another root no package and no service is looked at.
if [ -z "$root" ]; then
    for tool in perl flock setsid unshare sha256sum systemctl systemd-run; do
        command -v "$tool" >/dev/null || echo "tool $tool"
    done
    # Of each package a line, and one for each of its conffiles.
    dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n${Conffiles}\n' haproxy nginx nginx-common 2>/dev/null |
        while read -r first second rest; do
            [ "$first $second" != "$program installed" ] || echo "package $rest"
            for wanted; do
                [ "$first" = "$wanted" ] && [ -f "$first" ] || continue
                found=$(md5sum <"$first")
                [ "${found%% *}" != "$second" ] || echo "stock $first"
            done
        done
    if command -v systemctl >/dev/null; then
        # One call for both: each asks systemd to look at the unit's files. A service that is not there is inactive, and
        # has no such state.
        active='' enabled=''
        while IFS='=' read -r key value; do
            case $key in ActiveState) active=$value ;; UnitFileState) enabled=$value ;; esac
        done <<show
$(systemctl show -p ActiveState,UnitFileState "$program" 2>/dev/null)
show
        echo "unit ${active:-unknown} ${enabled:-not-found}"
    fi
    case $program in
    haproxy)
        # The module for sockets takes longer to load than all of this takes to run. On Linux 1 is the family of paths.
        perl -e '
            alarm 5;
            for my $command ("show info", "show stat") {
                socket my $socket, 1, 1, 0 or exit;
                connect $socket, pack "Sa*", 1, "/run/haproxy/admin.sock\0" or exit;
                syswrite $socket, "$command\n" or exit;
                while (<$socket>) {
                    print "running $1\n" if /^description: sslscale ([0-9a-f]{12})$/;
                    my @fields = split /,/;
                    next if $command ne "show stat" or @fields < 18 or /^#/ or $fields[1] =~ /^(FRONTEND|BACKEND)$/;
                    print "server $fields[0] $fields[1] $fields[4] $fields[17]\n";
                }
            }' 2>/dev/null
        ;;
    esac
fi
echo end
