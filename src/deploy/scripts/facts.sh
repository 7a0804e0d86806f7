# Shows what the rules about hosts need to know, and changes nothing. Below another root there is nothing to show.
#   facts                                these lines are there
#   address ADDRESS                      one of the host's own
#   nonlocal FAMILY                      4 or 6: programs may listen on addresses that the host does not have
#   ipv6                                 the kernel has it
#   source ADDRESS SERVER                from where the kernel would connect to a server; of several servers one
#   listening ADDRESS PORT PROGRAM       TCP, on one of the ports
#   nofile LIMIT                         file descriptors that a process of the program may open
#   ring AGE                             for how many seconds an app server has encrypted tickets with the same key
#   revision REVISION                    of the haproxy.cfg that is there
#   unread FILE                          it has changed since the program loaded its configuration
# and of nginx's configuration, read as nginx would read it, though nginx may reject it:
#   connections NUMBER                   worker_connections
#   rlimit NUMBER                        worker_rlimit_nofile
#   block FILE                           a server in this file, with what follows
#   listen WORDS...                      its addresses
#   names NAMES...                       its names
# What is not printable is shown as a question mark.
show_facts() { # PROGRAM PORTS SERVERS
    [ -z "$root" ] && command -v perl >/dev/null || return 0
    perl -e '
        my ($program, $ports, $servers) = @ARGV;
        my %asked = map { $_ => 1 } split / /, $ports;
        sub show { my $line = join " ", map { s/[^\x21-\x7e]/?/gr } @_; print "$line\n" }
        sub text { open my $file, "<", $_[0] or return ""; local $/; my $text = <$file>; defined $text ? $text : "" }
        sub lines { split /\n/, text($_[0]) }
        show("facts");

        # Whoever reads this knows addresses in any form; the module that writes the usual one takes long to load.
        sub ipv4 { join ".", unpack "C4", $_[0] }
        sub ipv6 { join ":", map { sprintf "%x", $_ } unpack "n8", $_[0] }

        # Addresses: the kernel lists local ones of the old family in its routing table.
        my $last = "";
        my %own;
        for (lines("/proc/net/fib_trie")) {
            $last = $1 if /\|-- ([0-9.]+)/;
            $own{$last} = 1 if m{/32 host LOCAL};
        }
        for (lines("/proc/net/if_inet6")) {
            $own{ipv6(pack("H32", $1))} = 1 if /^([0-9a-f]{32}) /;
        }
        show("address", $_) for sort keys %own;
        for (["4", "ipv4"], ["6", "ipv6"]) {
            show("nonlocal", $$_[0]) if text("/proc/sys/net/$$_[1]/ip_nonlocal_bind") =~ /^1/;
        }
        show("ipv6") if -e "/proc/net/if_inet6";

        # A datagram socket that is connected has sent nothing, but has a source. Numbers are those of Linux: the module
        # that knows them takes long to load.
        sub source_of {
            my ($address) = @_;
            my $is_old = length $address == 4;
            socket my $socket, $is_old ? 2 : 10, 2, 17 or return;
            my $port = 443;
            my $to = $is_old ? pack("S n a4 x8", 2, $port, $address) : pack("S n x4 a16 x4", 10, $port, $address);
            connect $socket, $to or return;
            my $from = getsockname $socket or return;
            $is_old ? ipv4(substr $from, 4, 4) : ipv6(substr $from, 8, 16);
        }
        my %sources;
        for my $server (map { pack "H*", $_ } split / /, $servers) {
            my $from = source_of($server);
            show("source", $from, length $server == 4 ? ipv4($server) : ipv6($server)) if defined $from and !$sources{$from}++;
        }

        # The kernel lists what listens before all else, and may have thousands of connections. It looks through its whole
        # table for what comes next, also at the end: a read that does not fill a page needs no other one.
        sub listeners {
            open my $file, "<", $_[0] or return;
            my ($text, @found) = "";
            while (my $count = sysread $file, $text, 65536, length $text) {
                while ($text =~ s/^(.*)\n//) {
                    my @fields = split " ", $1;
                    next unless @fields > 9 and $fields[0] =~ /^[0-9]/;
                    push @found, [@fields[1, 9]] if $fields[3] eq "0A";
                    # An old kernel has connections that are being opened among them.
                    return @found unless $fields[3] =~ /^0[3A]$/;
                }
                last if $count < 3840;
            }
            @found;
        }
        my (%sockets, %names);
        for my $family (["tcp", \&ipv4], ["tcp6", \&ipv6]) {
            for (listeners("/proc/net/$$family[0]")) {
                my ($local, $inode) = @$_;
                next unless $local =~ /^([0-9A-F]+):([0-9A-F]{4})$/;
                my $port = hex $2;
                next unless $asked{$port};
                # Words of the kernel are in the order of the machine.
                my $address = pack "L*", map { hex } $1 =~ /.{8}/g;
                push @{$sockets{$inode}}, [$$family[1]->($address), $port];
            }
        }
        sub fields { my $stat = text("$_[0]/stat"); $stat =~ s/^.*\) //s; split / /, $stat }
        sub is_program { my ($name) = lines("$_[0]/comm"); defined $name and $name eq $program }
        sub all_processes { opendir my $folder, "/proc" or return; grep { /^[0-9]+$/ } readdir $folder }
        # Another nginx may run, too, such as that of an app. Few kernels do not tell the children of a process.
        my ($master) = text("/run/$program.pid") =~ /^([0-9]+)/;
        undef $master unless defined $master and is_program("/proc/$master");
        my $children = defined $master ? "/proc/$master/task/$master/children" : "";
        my @candidates = -e $children ? ($master, split " ", text($children)) : all_processes();
        my @workers = grep {
            is_program($_) and ($program ne "nginx"
                or text("$_/cmdline") =~ /^nginx: worker process(?! is shutting down)/
                    and (!defined $master or ((fields($_))[1] // "") eq $master));
        } map { "/proc/$_" } @candidates;

        # A program that systemd has given a socket is meant, and of processes that share one, the first. A process
        # has its listeners among its first descriptors.
        my $unnamed = keys %sockets;
        sub name_sockets {
            for my $pid (sort { ($a == 1) <=> ($b == 1) or $a <=> $b } @_) {
                return unless $unnamed;
                my $process = "/proc/$pid";
                opendir my $folder, "$process/fd" or next;
                for (1 .. 512) {
                    my $number = readdir $folder;
                    last unless defined $number;
                    my $to = readlink "$process/fd/$number" or next;
                    next unless $to =~ /^socket:\[([0-9]+)\]$/ and $sockets{$1} and !defined $names{$1};
                    my $inode = $1;
                    my ($name) = lines("$process/comm");
                    next unless defined $name;
                    $names{$inode} = $name;
                    $unnamed--;
                }
            }
        }
        # Mostly they are those of the program, and no other process need be looked at.
        name_sockets(grep { is_program("/proc/$_") } @candidates);
        name_sockets(all_processes()) if $unnamed;
        for my $inode (sort { $a <=> $b } keys %sockets) {
            show("listening", @$_, $names{$inode} // "?") for @{$sockets{$inode}};
        }

        my $limit;
        for (@workers) {
            next unless text("$_/limits") =~ /^Max open files +([0-9]+)/m;
            $limit = $1 if !defined $limit or $1 < $limit;
        }
        if (!defined $limit) {
            my $unit = `systemctl show -p LimitNOFILESoft $program 2>/dev/null`;
            $limit = $1 if $unit =~ /^LimitNOFILESoft=([0-9]+)$/m;
        }
        show("nofile", $limit) if defined $limit;
        my $key = (stat "/etc/sslscale/tickets/current.key")[9];
        show("ring", time - $key) if defined $key and $key <= time;

        # When a program loaded its configuration: nginx starts all its workers then, and haproxy one more, beside those
        # that still have connections. A container may hide the time since boot: ages are differences to a process that
        # starts now, in hundredths of a second.
        sub show_unread {
            my ($first, @files) = @_;
            my @starts = sort { $a <=> $b } grep { defined } map { (fields($_))[19] } @workers;
            my $now = (fields("/proc/$$"))[19];
            return unless @starts and defined $now;
            my $start = $starts[$first ? 0 : -1];
            # Of two seconds that end between this time and that of a file, neither says which was first.
            my $loaded = time - ($now - $start) / 100;
            my (%later, @near);
            for my $file (@files) {
                # When the inode changed: `cp -p`, `mv` and `rsync -t` do not hide that.
                my ($link, $target) = ((lstat $file)[10] // 0, (stat $file)[10] // 0);
                my $changed = $link > $target ? $link : $target;
                if ($changed > $loaded + 1) {
                    $later{$file} = 1;
                } elsif ($changed > $loaded - 1) {
                    push @near, $file;
                }
            }
            %later = (%later, changed_after($start, @near)) if @near;
            show("unread", $_) for grep { $later{$_} } @files;
        }
        # Those of the files that have changed after a process started. Another program knows parts of a second, its own
        # start, and the time then, which is that of its own folder.
        sub changed_after {
            my ($start, @files) = @_;
            my %later;
            for my $follow (1, 0) {
                my @asked = $follow ? @files : grep { -l } @files;
                next unless @asked;
                my @options = ($follow ? "-L" : (), "-c", "%.2Z", "--");
                my $process = open my $answer, "-|", "stat", @options, "/proc/self/.", @asked or next;
                my ($now, @changed) = <$answer>;
                my $started = (fields("/proc/$process"))[19];
                next unless defined $now and defined $started and @changed == @asked;
                # Clocks that count hundredths differ by up to two of them.
                my $loaded = $now - ($started - $start) / 100 + 0.02;
                for (0 .. $#asked) {
                    $later{$asked[$_]} = 1 if $changed[$_] > $loaded;
                }
            }
            %later;
        }
        if ($program eq "haproxy") {
            my $file = "/etc/haproxy/haproxy.cfg";
            show("revision", $1) if text($file) =~ /^ *description sslscale ([0-9a-f]{12})$/m;
            show_unread(0, $file);
        }
        exit unless $program eq "nginx" and -e "/etc/nginx/nginx.conf";

        # The files of a pattern. Nearly all have their only wildcard in a name, and need no module, which takes long to
        # load.
        sub matching {
            my ($pattern) = @_;
            return $pattern if $pattern !~ /[*?[]/;
            my ($folder, $begin, $end) = $pattern =~ m!^([^*?[\\]*/)([^*?[\\/]*)\*([^*?[\\/]*)$! or do {
                require File::Glob;
                return File::Glob::bsd_glob($pattern, File::Glob::GLOB_NOSORT());
            };
            opendir my $names, $folder or return;
            # A wildcard does not stand for a dot at the beginning.
            my $any = $begin eq "" ? "(?!\\.).*" : ".*";
            map { "$folder$_" } grep { /^\Q$begin\E$any\Q$end\E\z/s } readdir $names;
        }
        my @open;
        my %files;
        sub statement {
            my ($file, $end, $word, @rest) = @_;
            if ($end eq "}") {
                my $block = pop @open;
                if ($block and $$block{is} eq "server") {
                    show("block", $$block{file});
                    show("listen", @$_) for @{$$block{listen}};
                    show("names", @{$$block{names}}) if @{$$block{names}};
                }
                return;
            }
            return unless defined $word;
            if ($end eq "{") {
                push @open, { is => $word, file => $file, listen => [], names => [] };
                return;
            }
            my ($inside) = @open ? $open[-1] : undef;
            if ($word eq "include" and @rest) {
                my $pattern = $rest[0] =~ m{^/} ? $rest[0] : "/etc/nginx/$rest[0]";
                configuration($_) for sort { $a cmp $b } matching($pattern);
            } elsif ($word eq "worker_connections" and $inside) {
                show("connections", $rest[0]) if $rest[0] =~ /^[0-9]+$/;
            } elsif ($word eq "worker_rlimit_nofile") {
                show("rlimit", $rest[0]) if $rest[0] =~ /^[0-9]+$/;
            } elsif ($inside and $$inside{is} eq "server") {
                push @{$$inside{listen}}, [@rest] if $word eq "listen";
                push @{$$inside{names}}, @rest if $word eq "server_name";
            }
        }
        my $depth = 0;
        sub configuration {
            my ($file) = @_;
            return if -d $file or !-r $file or $depth > 20;
            $files{$file} = 1;
            $depth++;
            my $text = text($file);
            my @words;
            while ($text =~ /\G(?:\s+|#[^\n]*)*(?:([{};])|"((?:[^"\\]|\\.)*)"|\x27((?:[^\x27\\]|\\.)*)\x27|((?:\$\{|\\.|[^\s{};])+))/gcs) {
                if (defined $1) {
                    statement($file, $1, @words);
                    @words = ();
                } else {
                    push @words, $2 // $3 // $4;
                }
            }
            $depth--;
        }
        configuration("/etc/nginx/nginx.conf");
        show_unread(1, sort keys %files);
    ' "$1" "$2" "$3" 2>/dev/null
}
