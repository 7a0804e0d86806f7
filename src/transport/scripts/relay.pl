# Connects to an address, prints whether that worked, and then carries bytes between the connection
# and its own streams, until either side ends. Exits with 0 at an end, with 7 if the peer reset the connection.
use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR ETIMEDOUT);
# IO::Socket would take longer to load than all of this takes to run.
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket qw(AI_NUMERICHOST SOCK_STREAM SOL_SOCKET SO_ERROR getaddrinfo);

my ($address, $port, $patience, $limit) = @ARGV;
my $most = 64 * 1024;

# It does not outlive whoever started it, whatever happens to them.
alarm $limit;
$SIG{PIPE} = 'IGNORE';
my $peer;
my $connected = reach();
my ($reply) = $connected ? 'connected' : grep { $!{$_} } sort keys %!;
syswrite STDOUT, "\nsslscale-tunnel $reply\n";
exit 0 if !$connected;

# Connects, or fails with its reason in $!.
sub reach {
    my ($failed, $to) = getaddrinfo($address, $port, { flags => AI_NUMERICHOST, socktype => SOCK_STREAM });
    return if $failed || !socket $peer, $to->{family}, SOCK_STREAM, 0;
    fcntl $peer, F_SETFL, O_NONBLOCK or return;
    return 1 if connect $peer, $to->{addr};
    return if !$!{EINPROGRESS};
    my $writable = '';
    vec($writable, fileno $peer, 1) = 1;
    my $count = select undef, $writable, undef, $patience;
    return if $count < 0;
    $! = $count ? unpack 'i', getsockopt $peer, SOL_SOCKET, SO_ERROR : ETIMEDOUT;
    return !$!;
}

sub again { $!{EAGAIN} || $!{EINTR} }

my ($up, $down, $deaf, $end) = ('', '', 0);
until (defined $end && $down eq '') {
    my ($read, $write) = ('', '');
    vec($read, fileno STDIN, 1) = 1 if length $up < $most;
    vec($read, fileno $peer, 1) = 1 if length $down < $most && !defined $end;
    vec($write, fileno $peer, 1) = 1 if $up ne '';
    vec($write, fileno STDOUT, 1) = 1 if $down ne '';
    next if select($read, $write, undef, undef) < 0;
    if (vec($read, fileno STDIN, 1)) {
        sysread(STDIN, $up, $most, length $up) or exit 0;
        $up = '' if $deaf;
    }
    if (vec($read, fileno $peer, 1)) {
        my $count = sysread $peer, $down, $most, length $down;
        if (!defined $count) { $end = 7 if !again() }
        elsif ($count == 0) { $end = 0 }
    }
    if (vec($write, fileno $peer, 1)) {
        my $count = syswrite $peer, $up;
        if (defined $count) { substr($up, 0, $count, '') }
        # What it wrote before it closed can still be read.
        elsif (!again()) { ($up, $deaf) = ('', 1) }
    }
    if (vec($write, fileno STDOUT, 1)) {
        # No more than a pipe takes at once: it blocks.
        my $count = syswrite STDOUT, $down, 4096;
        exit 0 if !defined $count;
        substr($down, 0, $count, '');
    }
}
exit $end;
