# Lets a program check a release before it is used: every file is at its own path, in a view of the host that only the
# check has. Outside of this view nothing is written.
#
#     validate.sh RELEASE PROGRAM
id=$1 program=$2
release=$state/releases/$id
[ -f "$release/manifest" ] || finish 'untouched: the release is not on the host any more'
[ -z "$root" ] || finish 'done'

# shellcheck disable=SC2016 # the inner shell has these variables
unshare --mount --propagation private -- sh -euc '
    release=$1 program=$2 state=$3
    view=$(mktemp -d)
    # The view is removed by the outer shell, which finds it here.
    echo "$view" >"$release/view"
    mount -t tmpfs -o mode=0755,size=256m tmpfs "$view"
    over() { # DIRECTORY [LOWER:]
        name=$view/$(echo "$1" | tr / _)
        mkdir "$name.upper" "$name.work"
        mount -t overlay overlay -o "lowerdir=${2-}$1,upperdir=$name.upper,workdir=$name.work" "$1" 2>/dev/null
    }
    if [ -d "$release/files/etc" ]; then
        # Copied: in a lower directory the files would have the modes of folders that only root may enter.
        cp -a "$release/files/etc" "$view/etc" && find "$view/etc" -type d -exec chmod 755 {} +
        over /etc "$view/etc:" || {
            cp -a /etc "$view/etc.all"
            cp -a "$view/etc/." "$view/etc.all/"
            mount --bind "$view/etc.all" /etc
        }
    fi
    # What the last release has and this one has not.
    if [ -f "$state/current/manifest" ]; then
        sed -n "s/^file [0-9a-f]* [0-7]* //p" "$state/current/manifest" | while read -r path; do
            grep -q "^file [0-9a-f]* [0-7]* $path\$" "$release/manifest" || rm -f -- "$path"
        done
    fi
    for directory in /run /var/log/nginx; do
        [ ! -d $directory ] || over $directory || :
    done
    sed -n "s/^directory //p" "$release/manifest" | while read -r directory; do
        parent=$directory
        until [ -d "$parent" ]; do parent=${parent%/*}; [ -n "$parent" ] || parent=/; done
        case $parent in
        / | /etc | /etc/* | /run | /run/* | /var/log/nginx*) ;;
        # The program may create files there, such as logs.
        *) over "$parent" || : ;;
        esac
        mkdir -p "$directory" 2>/dev/null || :
    done
    case $program in
    haproxy)
        # haproxy meets what follows only after it has forked, when it is too late.
        config=/etc/haproxy/haproxy.cfg
        for directory in $(sed -n "s/^ *chroot \(\/.*\)$/\1/p" $config); do
            [ -d "$directory" ] || { echo "the directory \`$directory\` of \`chroot\` does not exist" >&2; exit 1; }
        done
        sed -n "s/^ *bind \(.*\):\([0-9]*\)\( v6only\)\?$/\1 \2/p" $config | while read -r address port; do
            case $address in \*) address=0.0.0.0 ;; :|::) address=:: ;; esac
            perl -MSocket=:all -e "
                my (\$address, \$port) = @ARGV;
                my (\$error, \$found) = getaddrinfo(\$address, \$port,
                    {flags => AI_PASSIVE | AI_NUMERICHOST, socktype => SOCK_STREAM});
                \$found or die \"\$address: \$error\\n\";
                socket my \$socket, \$found->{family}, SOCK_STREAM, 0 or die \"\$!\\n\";
                setsockopt \$socket, SOL_SOCKET, \$_, 1 for SO_REUSEADDR, SO_REUSEPORT;
                setsockopt \$socket, IPPROTO_IPV6, IPV6_V6ONLY, 1 if \$found->{family} == AF_INET6;
                bind \$socket, \$found->{addr} or die \"port \$port on \$address cannot be used: \$!\\n\";
            " "$address" "$port" >&2 || exit 1
        done
        exec haproxy -c -f $config
        ;;
    nginx) exec nginx -t -q ;;
    esac
' sh "$release" "$program" "$state" >&2
status=$?
rmdir "$(cat "$release/view" 2>/dev/null)" 2>/dev/null
rm -f "$release/view"
[ "$status" = 0 ] || finish "untouched: $program refuses the files"
finish 'done'
