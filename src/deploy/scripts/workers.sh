# Shows workers that a reload has replaced and that still have connections to finish. Shows nothing below another root.
#   old PID AGE CONNECTIONS      AGE in seconds since it started; CONNECTIONS is `-` where that is not known
show_workers() { # PROGRAM
    [ -z "$root" ] && command -v perl >/dev/null || return 0
    perl -MIO::Socket::UNIX -e '
        my ($program) = @ARGV;
        sub text { open my $file, "<", $_[0] or return ""; local $/; my $text = <$file>; defined $text ? $text : "" }
        sub ask {
            my ($path, $command) = @_;
            my $answer = "";
            eval {
                local $SIG{ALRM} = sub { die "timeout\n" };
                alarm 3;
                my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$!\n";
                print $socket "$command\n";
                shutdown $socket, 1;
                local $/;
                $answer = <$socket> // "";
            };
            alarm 0;
            $answer;
        }
        if ($program eq "haproxy") {
            my ($pid) = `systemctl show --property=MainPID --value haproxy 2>/dev/null` =~ /^([1-9][0-9]*)$/m or exit;
            my @words = split /\0/, text("/proc/$pid/cmdline");
            my ($master) = map { $words[$_ - 1] eq "-S" ? $words[$_] : () } 1 .. $#words;
            exit unless defined $master;
            $master =~ s/,.*//;
            my $old = 0;
            for (split /\n/, ask($master, "show proc")) {
                $old = /^# old workers/ if /^#/;
                next unless $old and /^([0-9]+)\s+\S+\s+[0-9]+\s+([0-9]+)d([0-9]+)h([0-9]+)m([0-9]+)s/;
                my ($worker, $age) = ($1, (($2 * 24 + $3) * 60 + $4) * 60 + $5);
                my ($open) = ask($master, "\@!$worker show info") =~ /^CurrConns: ([0-9]+)$/m;
                print "old $worker $age ", $open // "-", "\n";
            }
            exit;
        }
        # Process start times count in hundredths of a second since the boot; one that starts now is the clock.
        sub fields { my $stat = text("$_[0]/stat"); $stat =~ s/^.*\) //s; split / /, $stat }
        my $now = (fields("/proc/$$"))[19];
        my ($master) = text("/run/nginx.pid") =~ /^([0-9]+)/ or exit;
        my %open;
        for my $table ("/proc/net/tcp", "/proc/net/tcp6") {
            for (split /\n/, text($table)) {
                my @fields = split;
                $open{$fields[9]} = 1 if @fields > 9 and $fields[3] eq "01";
            }
        }
        for my $process (glob "/proc/[0-9]*") {
            text("$process/cmdline") =~ /^nginx: worker process is shutting down/ or next;
            my @fields = fields($process);
            next unless @fields > 19 and $fields[1] eq $master;
            my $count = grep { (readlink($_) // "") =~ /^socket:\[([0-9]+)\]$/ and $open{$1} } glob "$process/fd/*";
            my ($worker) = $process =~ /([0-9]+)$/;
            print "old $worker ", int(($now - $fields[19]) / 100), " $count\n";
        }
    ' "$1" 2>/dev/null
}
