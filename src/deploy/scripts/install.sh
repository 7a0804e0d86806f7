# Installs packages with the command that the user has seen, and looks whether they are there.
#
#     install.sh COMMAND PACKAGE...
command=$1
shift
command -v apt-get >/dev/null || finish 'untouched: there is no `apt-get`'
umask 022
log=$(mktemp) || finish 'untouched: there is no room for a temporary file'
# Maintainer scripts expect that a pipe whose reader has gone ends its writer.
(trap - PIPE && exec sh -c "$command") </dev/null >/dev/null 2>"$log"
status=$?
for package; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
    [ "$state" = installed ] || status=1
done
# The last lines are those of the step that failed.
[ "$status" = 0 ] || grep -E '^(E|W|dpkg): ' "$log" | tail -n 3 >&2
rm -f "$log"
[ "$status" = 0 ] || finish "untouched: apt-get could not install $*"
finish 'done'
