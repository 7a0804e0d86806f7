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
    # paths FILE: the files that a manifest has.
    paths() { sed -n "s/^file [0-9a-f]* [0-7]* //p" "$1"; }
    paths "$release/manifest" >"$view/new"
    # What the last release has and this one has not.
    if [ -f "$state/current/manifest" ]; then
        paths "$state/current/manifest" | grep -vxFf "$view/new" || :
    fi >"$view/gone"
    # there: of each path, the deepest directory above it that exists.
    there() {
        while read -r path; do
            path=${path%/*}
            until [ -d "$path/" ]; do path=${path%/*}; done
            echo "${path:-/}"
        done
    }
    # What the check removes may be behind a link to a directory.
    there <"$view/gone" | while read -r directory; do readlink -f "$directory"; done | sort -u >"$view/removes"
    { there <"$view/new"; cat "$view/removes"; } | sort -u >"$view/changes"
    while read -r directory; do
        [ "$directory" != / ] || { echo "the check needs the first folder below / of every file to exist" >&2; exit 1; }
        stat -c "%d %n" "$directory"
    done <"$view/changes" >"$view/outside"

    # layer DIRECTORY: what is written there from now on goes to the view, and the files of the release are there.
    layer() {
        name=$view/$(echo "$1" | tr / _)
        mkdir -p "$name.upper" "$name.work" "$name.lower"
        if [ -d "$release/files$1" ]; then
            # Copied: in a lower directory the files would have the modes of folders that only root may enter.
            cp -a "$release/files$1/." "$name.lower" && find "$name.lower" -type d -exec chmod 755 {} + || exit
        fi
        mount -t overlay overlay -o "lowerdir=$name.lower:$1,upperdir=$name.upper,workdir=$name.work" "$1" 2>/dev/null
    }
    # Programs write below these, such as logs.
    sed -n "s/^directory \(.*\)/\1\/./p" "$release/manifest" | there >"$view/writes"
    layers=
    # is_hidden PATH: whether it is below a layer.
    is_hidden() {
        for layer in $layers; do case $1 in "$layer" | "$layer"/*) return ;; esac; done
        return 1
    }
    set -f
    for directory in $({ cat "$view/changes" "$view/writes"; printf "%s\n" /etc /run /var/log/nginx; } | sort -u); do
        [ "$directory" != / ] && [ -d "$directory" ] && ! is_hidden "$directory" || continue
        if layer "$directory"; then
            layers="$layers $directory"
        elif grep -qx "$directory\(/.*\)\?" "$view/changes"; then
            # Without layers of that kind, a copy.
            cp -a "$directory" "$name.all" && cp -a "$name.lower/." "$name.all/" &&
                mount --bind "$name.all" "$directory" || exit
            layers="$layers $directory"
        fi
    done
    # Nothing is removed unless it is certain that this is not the host.
    while read -r device directory; do
        [ "$(stat -c %d "$directory")" != "$device" ] ||
            { echo "$directory cannot be hidden from the check" >&2; exit 1; }
    done <"$view/outside"
    while read -r path; do rm -f -- "$path"; done <"$view/gone"
    sed -n "s/^directory //p" "$release/manifest" | while read -r directory; do
        ! is_hidden "$directory" || mkdir -p "$directory" 2>/dev/null || :
    done
    case $program in
    haproxy)
        # haproxy meets what follows only after it has forked, when it is too late.
        config=/etc/haproxy/haproxy.cfg
        for directory in $(sed -n "s/^ *chroot \(\/.*\)$/\1/p" $config); do
            [ -d "$directory" ] || { echo "the directory \`$directory\` of \`chroot\` does not exist" >&2; exit 1; }
        done
        for socket in $(sed -n "s/^ *log \(\/[^ ]*\) .*$/\1/p" $config); do
            [ -S "$socket" ] ||
                { echo "the socket \`$socket\` of \`log\` does not exist: nothing would be logged" >&2; exit 1; }
        done
        sed -n "s/^ *bind \(.*\):\([0-9]*\)\( v6only\)\?\( transparent\)\?$/\1 \2\4/p" $config | while read -r address port moves; do
            case $address in \*) address=0.0.0.0 ;; :|::) address=:: ;; esac
            address=${address#[}
            address=${address%]}
            perl -MSocket=:all -e "
                my (\$address, \$port, \$moves) = @ARGV;
                my (\$error, \$found) = getaddrinfo(\$address, \$port,
                    {flags => AI_PASSIVE | AI_NUMERICHOST, socktype => SOCK_STREAM});
                \$found or die \"\$address: \$error\\n\";
                socket my \$socket, \$found->{family}, SOCK_STREAM, 0 or die \"\$!\\n\";
                setsockopt \$socket, SOL_SOCKET, \$_, 1 for SO_REUSEADDR, SO_REUSEPORT;
                setsockopt \$socket, IPPROTO_IPV6, IPV6_V6ONLY, 1 if \$found->{family} == AF_INET6;
                # IP_FREEBIND, for both families: the host may lack the address.
                setsockopt \$socket, 0, 15, 1 if \$moves;
                bind \$socket, \$found->{addr} or die \"port \$port on \$address cannot be used: \$!\\n\";
            " "$address" "$port" "$moves" >&2 || exit 1
        done
        exec haproxy -c -f $config
        ;;
    nginx)
        # Warnings are no reason: they are left out where there is one.
        status=0 reasons=
        said=$(nginx -t -q 2>&1) || status=$?
        [ "$status" = 0 ] || reasons=$(printf "%s\n" "$said" | grep -v "\[warn\]") || :
        [ -z "$said" ] || printf "%s\n" "${reasons:-$said}" >&2
        exit "$status"
        ;;
    esac
' sh "$release" "$program" "$state" >&2
status=$?
rmdir "$(cat "$release/view" 2>/dev/null)" 2>/dev/null
rm -f "$release/view"
if [ "$status" != 0 ]; then
    # A check that has no room says anything.
    { head -c 65536 /dev/zero >"$state/.try"; } 2>/dev/null || unwritable
    rm -f "$state/.try"
    finish "untouched: $program refuses the files"
fi
finish 'done'
