# Upstreams that answer any request with 204, over HTTP/1.1, HTTP/2, uWSGI or FastCGI:
#
#     perl upstreams.pl unix:PATH|ADDRESS:PORT...
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;

sub listener {
    my ($address) = @_;
    if ($address =~ m{^unix:((.*)/.*)}) {
        system 'mkdir', '-p', $2;
        unlink $1;
        return IO::Socket::UNIX->new(Local => $1, Listen => 64);
    }
    my ($host, $port) = $address =~ /^\[?(.*?)\]?:([0-9]+)$/;
    return IO::Socket::IP->new(LocalHost => $host, LocalPort => $port, Listen => 64, ReuseAddr => 1);
}

sub answer {
    my ($request) = @_;
    if ($request =~ /^\x01/) {
        my $text = "Status: 204 No Content\r\n\r\n";
        my $record = sub { pack('CCnnCC', 1, $_[0], 1, length $_[1], 0, 0) . $_[1] };
        return $record->(6, $text) . $record->(6, '') . $record->(3, "\0" x 8);
    }
    # Settings, their acknowledgement, and a header block with the status.
    return "\0\0\0\4\0\0\0\0\0" . "\0\0\0\4\1\0\0\0\0" . "\0\0\1\1\5\0\0\0\1\x89" if $request =~ /^PRI /;
    return "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
}

$SIG{PIPE} = 'IGNORE';
umask 0;
my $sockets = IO::Select->new;
my %is_listener;
for my $address (@ARGV) {
    my $socket = listener($address) or die "$address: $!\n";
    $is_listener{$socket} = 1;
    $sockets->add($socket);
}
while (my @ready = $sockets->can_read) {
    for my $socket (@ready) {
        if ($is_listener{$socket}) {
            my $client = $socket->accept;
            $sockets->add($client) if $client;
            next;
        }
        syswrite $socket, answer($_) if sysread $socket, $_, 65536;
        $sockets->remove($socket);
        close $socket;
    }
}
