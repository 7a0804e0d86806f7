# Puts on a host what undoes a change there, before there is any.
#
#     prepare.sh LEASE [RELEASE HOLDER] < FILES      FILES is a line with the length of undo.sh, undo.sh itself, and
#                                                    undo.service
#
# RELEASE is what all hosts have, by a deploy that was killed before it ended: it is written down as one of theirs.
lease=$1 unended=${2-} holder=${3-}
lock_state
keep_lease "$lease"
if [ -n "$unended" ] && [ "$(readlink "$state/current")" = "releases/$unended" ] &&
    ! tail -n 1 "$state/history" 2>/dev/null | grep -q " $unended "; then
    { echo "$(date +%s) $unended unended-$lease $holder" >>"$state/history"; } 2>/dev/null && sync "$state/history" || unwritable
fi
perl -e '
    my ($state) = @ARGV;
    my $length = <STDIN>;
    read(STDIN, my $script, $length) == $length or die "the script arrived incomplete\n";
    local $/;
    my %files = ("undo.sh" => $script, "undo.service" => scalar <STDIN>);
    for my $name (keys %files) {
        open my $file, ">:raw", "$state/.$name" or die "$state/.$name: $!\n";
        print $file $files{$name} or die "$state/.$name: $!\n";
        close $file or die "$state/.$name: $!\n";
    }
' "$state" && sync "$state/.undo.sh" "$state/.undo.service" && mv -T "$state/.undo.sh" "$state/undo.sh" &&
    mv -T "$state/.undo.service" "$state/undo.service" && sync "$state" || unwritable
finish 'done'
