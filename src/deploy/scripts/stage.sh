# Stores a release beside those that are there, and does not use it yet.
#
#     stage.sh LEASE RELEASE FROM < FILES
#
# FILES has a line for each directory that has to be there, `directory PATH`, and for each file a line with its
# length, its mode, its SHA-256 and its path, and then its bytes; the length is `-` where the host has these bytes at
# the path already, `=` where the release that it uses has them, and `+` where the release FROM has them. The last line is
# `end`. A release that is there already, with the right contents, is kept.
lease=$1 id=$2 from=$3
lock_state
keep_lease "$lease"
new=$state/releases/.$id.$$
rm -rf "$state"/releases/.[0-9a-f]*.[0-9]*
mkdir -p "$new" || unwritable
refuse() {
    rm -rf "$new"
    finish "untouched: $*"
}

# Unpacking in the shell would start several programs for each file.
perl -e '
    use strict;
    use warnings;
    # What a file that cannot be written says when it goes out of sight was said already.
    no warnings "io";
    my ($new, $root, $current, $from) = @ARGV;
    binmode STDIN;
    open my $manifest, ">", "$new/manifest" or die "$new/manifest: $!\n";
    sub directory { my $at = ""; for (split m{/}, shift) { $at .= "$_/"; -d $at or mkdir $at or die "$at: $!\n" } }
    directory("$new/files");
    while (1) {
        my $line = <STDIN> // die "the files arrived incomplete\n";
        if ($line eq "end\n") { print $manifest $line or die "$new/manifest: $!\n"; last }
        if ($line =~ m{^directory /\S*\n$}) { print $manifest $line or die "$new/manifest: $!\n"; next }
        my ($length, $mode, $sum, $path) = $line =~ m{^(\d+|[-=+]) ([0-7]{4}) ([0-9a-f]{64}) (/\S+)\n$}
            or die "the files arrived incomplete\n";
        my $bytes = "";
        if ($length =~ /[-=+]/) {
            my $there = $length eq "-" ? "$root$path" : $length eq "=" ? "$current/files$path" : "$from/files$path";
            open my $live, "<:raw", $there or die "$there: $!\n";
            local $/;
            $bytes = <$live> // "";
        } else {
            while (length $bytes < $length) {
                read(STDIN, $bytes, $length - length $bytes, length $bytes) or die "the files arrived incomplete\n";
            }
        }
        my $to = "$new/files$path";
        (my $folder = $to) =~ s{/[^/]*$}{};
        directory($folder);
        open my $file, ">:raw", $to or die "$to: $!\n";
        print $file $bytes or die "$to: $!\n";
        close $file or die "$to: $!\n";
        chmod oct $mode, $to or die "$to: $!\n";
        print $manifest "file $sum $mode $path\n" or die "$new/manifest: $!\n";
    }
    close $manifest or die "$new/manifest: $!\n";
' "$new" "$root" "$state/current" "$state/releases/$from" || refuse 'the files could not be stored'

# The shell gives words with spaces to nobody here: paths have none.
sed -n 's/^file \([0-9a-f]*\) [0-7]* \/\(.*\)$/\1  \2/p' "$new/manifest" >"$new/sums" || refuse 'the files could not be stored'
(cd "$new/files" && { [ ! -s ../sums ] || sha256sum --quiet --strict --check ../sums; }) >&2 ||
    refuse 'the files did not arrive as they were sent'
rm -f "$new/sums"
# A host whose files cannot be replaced is found before any other is changed.
closed=$(sed -n 's/^file [^ ]* [^ ]* \(.*\)\/[^/]*$/\1/p' "$new/manifest" | sort -u | while read -r directory; do
    until [ -d "$root$directory/" ]; do directory=${directory%/*}; done
    [ -w "$root$directory/" ] || { echo "$directory"; break; }
done)
[ -z "$closed" ] || refuse "$closed cannot be written"
if [ -d "$state/releases/$id" ] && diff -r "$new" "$state/releases/$id" >/dev/null 2>&1; then
    rm -rf "$new"
    finish 'done'
fi
sync -f "$new" || refuse 'the files could not be stored'
rm -rf "$state/releases/$id"
mv -T "$new" "$state/releases/$id" && sync "$state/releases" || refuse 'the release could not be stored'
finish 'done'
