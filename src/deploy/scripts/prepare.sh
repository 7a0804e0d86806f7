# Puts on a host what undoes a change there, before there is any.
#
#     prepare.sh LEASE < FILES      FILES is a line with the length of undo.sh, undo.sh itself, and undo.service
lease=$1
lock_state
keep_lease "$lease"
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
