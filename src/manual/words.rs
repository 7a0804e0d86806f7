//! What the pages say about each command besides its arguments and exit codes. Examples are real: tests run those that
//! need no host.

/// The words about a command.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words {
    /// Paragraphs after the first sentence.
    pub description: &'static str,
    pub environment: &'static [(&'static str, &'static str)],
    pub files: &'static [(&'static str, &'static str)],
    /// What it shows, and the lines.
    pub examples: &'static [(&'static str, &'static str)],
    /// Pages of other commands, without `sslscale-`.
    pub see_also: &'static [&'static str],
    /// Pages of other programs, with their sections.
    pub others: &'static [(&'static str, u8)],
}

const NONE: Words = Words { description: "", environment: &[], files: &[], examples: &[], see_also: &[], others: &[] };

const INVENTORY: (&str, &str) = ("inventory.yaml", "The inventory: the usual name, any other will do.");
const SSH_CONFIG: (&str, &str) =
    ("~/.ssh/config", "How hosts are reached, in everything that the `ssh` sections of the inventory do not say.");
const RELEASES: (&str, &str) =
    ("/var/lib/sslscale", "On hosts: the last five releases, what was there before the first one, and the history.");
const RING: (&str, &str) = ("/etc/sslscale/tickets", "On app servers: the session ticket keys.");
const HAPROXY: (&str, &str) = ("/etc/haproxy/haproxy.cfg", "On balancers: the configuration of haproxy.");
const NGINX: (&str, &str) =
    ("/etc/nginx/conf.d/sslscale.conf", "On app servers: the sites, which Debian's nginx.conf includes.");

/// The words about `sslscale COMMAND`.
pub fn of(command: &str) -> Words {
    match command {
        "" => ROOT,
        "init" => INIT,
        "check" => CHECK,
        "explain" => EXPLAIN,
        "rules" => RULES,
        "schema" => SCHEMA,
        "show" => SHOW,
        "render" => RENDER,
        "try" => TRY,
        "plan" => PLAN,
        "deploy" => DEPLOY,
        "rollback" => ROLLBACK,
        "history" => HISTORY,
        "unlock" => UNLOCK,
        "status" => STATUS,
        "certs" => Words { see_also: &["deploy"], ..NONE },
        "certs roll" => CERTS_ROLL,
        "tickets" => Words { files: &[RING], see_also: &["deploy"], ..NONE },
        "tickets status" => TICKETS_STATUS,
        "tickets rotate" => TICKETS_ROTATE,
        "tickets sync" => TICKETS_SYNC,
        "completions" => COMPLETIONS,
        "man" => MAN,
        _ => NONE,
    }
}

const ROOT: Words = Words {
    description: "A balancer that passes TLS through forwards TCP and has no private key: nginx on each app server \
        terminates TLS, and learns the client's address from a PROXY header. sslscale renders the configuration of both \
        sides from one inventory, checks what neither program can check on its own, runs the rendered files on this \
        machine, and deploys them over SSH: to all hosts or to none, while the fleet serves.",
    environment: &[("NO_COLOR", "If it is set and not empty, nothing is coloured.")],
    files: &[INVENTORY, SSH_CONFIG, HAPROXY, NGINX, RING, RELEASES],
    examples: &[
        ("A first inventory, and what is wrong with it:", "sslscale init\nsslscale check inventory.yaml"),
        ("The fleet on this machine, with real requests:", "sslscale try inventory.yaml"),
        (
            "What would change on each host, and changing it:",
            "sslscale plan inventory.yaml\nsslscale deploy inventory.yaml",
        ),
    ],
    others: &[("haproxy", 1), ("nginx", 8), ("ssh_config", 5)],
    ..NONE
};

const INIT: Words = Words {
    description: "On a terminal it asks for what the options do not say, and proposes what it finds: hosts of \
        `~/.ssh/config` that have an address, the addresses of this machine, and certificates in \
        `/etc/letsencrypt/live` and `/etc/ssl`. Enter takes the answer in brackets. An answer about which `sslscale \
        check` would have an error or a warning is refused at once, with the same reason, and asked for again. Nothing is \
        written before the last answer.\n\n\
        It writes one site, and one address for each host: more of them are more entries in the file. The inventory passes `sslscale check` without a warning. Its comments have the next commands. The first line \
        names a JSON Schema for editors, which is written beside it, unless there is one: it works without a network.",
    files: &[
        INVENTORY,
        (
            "sslscale.schema.json",
            "The schema, beside the inventory. `sslscale schema` prints the one of a newer version.",
        ),
    ],
    examples: &[
        ("With questions:", "sslscale init"),
        (
            "Without questions:",
            "sslscale init --balancer 10.0.0.10 \\\n    --app-server 10.0.0.11 --app-server 10.0.0.12 \\\n    --server-name \
             example.com \\\n    --certificate /etc/ssl/example/fullchain.pem \\\n    --certificate-key \
             /etc/ssl/example/privkey.pem \\\n    --proxy-pass http://127.0.0.1:8000",
        ),
        ("A shipped inventory:", "sslscale init --list\nsslscale init --example wordpress fleet.yaml"),
    ],
    see_also: &["check", "schema"],
    ..NONE
};

const CHECK: Words = Words {
    description: "No host is contacted and no program is run, unless `--hosts` or `--with-binaries` says so. A finding \
        has the code of its rule, which `sslscale explain` describes. A comment `# sslscale: ignore[CODE] reason` on a \
        line of the inventory ignores the findings of a rule there.",
    environment: &[("NO_COLOR", "If it is set and not empty, the report is not coloured.")],
    files: &[INVENTORY],
    examples: &[
        (
            "What is wrong, and what the safe fixes would change:",
            "sslscale check inventory.yaml\nsslscale check --diff inventory.yaml",
        ),
        ("In a pipeline that accepts no warning:", "sslscale check --fail-on warning --format junit inventory.yaml"),
        ("With the installed haproxy and nginx:", "sslscale check --with-binaries inventory.yaml"),
    ],
    see_also: &["explain", "rules", "try"],
    ..NONE
};

const EXPLAIN: Words = Words {
    examples: &[("By code and by name:", "sslscale explain PX07\nsslscale explain trust-too-wide")],
    see_also: &["rules", "check"],
    ..NONE
};

const RULES: Words = Words {
    examples: &[("The rules about TLS:", "sslscale rules | grep ^TL")],
    see_also: &["explain", "check"],
    ..NONE
};

const SCHEMA: Words = Words {
    description: "Editors that run yaml-language-server complete, explain and check keys and values with it. The first \
        line of an inventory names it: `# yaml-language-server: $schema=sslscale.schema.json`.",
    files: &[("sslscale.schema.json", "The name that `sslscale init` gives it.")],
    examples: &[("Beside the inventory, after an upgrade:", "sslscale schema -o sslscale.schema.json")],
    see_also: &["init", "check"],
    ..NONE
};

const SHOW: Words = Words {
    description: "The output is an inventory, too: it renders to the same files. A comment behind each line says where its \
        value comes from: a line of the inventory, another key, or a default.",
    examples: &[
        ("What a fleet has that its inventory does not say:", "sslscale show inventory.yaml"),
        ("For a program, with paths, values and sources:", "sslscale show inventory.yaml --format json"),
    ],
    see_also: &["check", "render"],
    files: &[INVENTORY],
    ..NONE
};

const RENDER: Words = Words {
    description: "The same inventory gives the same bytes. With `--output`, a new directory is created complete or not \
        at all; in an existing one each file is replaced by a rename, and files of an earlier run that are not rendered \
        any more are removed unless they were edited.",
    files: &[
        INVENTORY,
        (
            "DIR/manifest.json",
            "Hash, mode and owner of each file, and what hosts need besides: certificates, keys, directories.",
        ),
    ],
    examples: &[
        ("The file of one balancer:", "sslscale render inventory.yaml --host lb1"),
        (
            "In a repository, and in its pipeline:",
            "sslscale render inventory.yaml -o rendered\nsslscale render inventory.yaml -o rendered --check",
        ),
    ],
    see_also: &["check", "plan"],
    ..NONE
};

const TRY: Words = Words {
    description: "Each host gets a network namespace with its address, and runs the rendered files under the installed \
        haproxy and nginx. Clients send requests through every balancer to every location. Apps, and certificates that \
        are not on this machine, have stand-ins. Root is not needed where the kernel allows user namespaces.",
    files: &[INVENTORY],
    examples: &[
        ("All requests, with a verdict on each:", "sslscale try inventory.yaml"),
        ("A fleet to look at until Ctrl-C:", "sslscale try --keep inventory.yaml"),
    ],
    see_also: &["check", "plan"],
    others: &[("haproxy", 1), ("nginx", 8), ("network_namespaces", 7)],
    ..NONE
};

const PLAN: Words = Words {
    description: "Hosts are reached over SSH, with one connection each, and nothing asks a question. After the \
        differences come the findings of the rules that need hosts.",
    files: &[INVENTORY, SSH_CONFIG],
    examples: &[
        ("What a deploy would change:", "sslscale plan inventory.yaml"),
        (
            "A plan that is reviewed before it is carried out:",
            "sslscale plan inventory.yaml --out fleet.plan\nsslscale deploy fleet.plan",
        ),
    ],
    see_also: &["deploy", "status", "check"],
    others: &[("ssh_config", 5)],
    ..NONE
};

const DEPLOY: Words = Words {
    description: "It shows the plan and asks. Then it stores the files on every host, and lets haproxy and nginx check \
        them there. Only after that it changes one app server, then the others, several at a time, and then one balancer \
        after the other. Each host has a timer that undoes its change unless the host was seen to serve. If any host \
        fails, the others are put back, too.\n\n\
        Ctrl-C lets each host finish the change that it has begun, and changes no other. The last lines have the \
        commands to go on and to go back.",
    files: &[INVENTORY, SSH_CONFIG, HAPROXY, NGINX, RING, RELEASES],
    examples: &[
        ("Storing and checking the files, and nothing else:", "sslscale deploy --dry-run inventory.yaml"),
        ("Trying it on one app server first:", "sslscale deploy --canary srv1 inventory.yaml"),
        ("While a host is down:", "sslscale deploy --without srv2 inventory.yaml"),
    ],
    see_also: &["plan", "rollback", "status", "history"],
    others: &[("ssh_config", 5)],
    ..NONE
};

const ROLLBACK: Words = Words {
    description: "Each host that the last deploy changed goes back to the release that it had before, in the same way as \
        a deploy. Only the names and addresses of the inventory matter: the files are those that the hosts have kept.",
    files: &[INVENTORY, SSH_CONFIG, RELEASES],
    examples: &[
        ("The release before:", "sslscale rollback inventory.yaml"),
        (
            "A release of the history:",
            "sslscale history inventory.yaml\nsslscale rollback --to 4f2a90c1d3b7 inventory.yaml",
        ),
    ],
    see_also: &["deploy", "history"],
    ..NONE
};

const HISTORY: Words = Words {
    files: &[INVENTORY, SSH_CONFIG, RELEASES],
    examples: &[("When which release came, and who deployed it:", "sslscale history inventory.yaml")],
    see_also: &["rollback", "deploy"],
    ..NONE
};

const UNLOCK: Words = Words {
    description: "It shows who has the hosts, and asks. A change that was not confirmed is undone first. Without it, \
        such hosts are free again after ten minutes.",
    files: &[INVENTORY, SSH_CONFIG],
    examples: &[("After a deploy was killed:", "sslscale unlock inventory.yaml")],
    see_also: &["deploy", "status"],
    ..NONE
};

const STATUS: Words = Words {
    description: "It changes nothing. For each host it shows the version and the state of its program, the revision that \
        it runs and the release that was deployed; for each balancer, how it sees the app servers; and when certificates \
        expire.",
    files: &[INVENTORY, SSH_CONFIG, RELEASES],
    examples: &[
        ("The fleet now:", "sslscale status inventory.yaml"),
        ("For monitoring:", "sslscale status --format json inventory.yaml"),
    ],
    see_also: &["plan", "tickets-status", "history"],
    ..NONE
};

const CERTS_ROLL: Words = Words {
    description: "Certificates and keys are read where `ssl_certificate_source` and `ssl_certificate_key_source` of the \
        inventory say. Each app server has to show the new certificate to a connection from a balancer, and goes back to \
        the old one if it does not.",
    files: &[INVENTORY, SSH_CONFIG, RELEASES],
    examples: &[("In a renewal hook of certbot, or in a timer:", "sslscale certs roll /etc/sslscale/fleet.yaml")],
    see_also: &["deploy", "status"],
    others: &[("certbot", 1), ("systemd.timer", 5)],
    ..NONE
};

const TICKETS_STATUS: Words = Words {
    files: &[INVENTORY, SSH_CONFIG, RING],
    examples: &[("Which keys each app server has:", "sslscale tickets status inventory.yaml")],
    see_also: &["tickets-rotate", "tickets-sync", "status"],
    ..NONE
};

const TICKETS_ROTATE: Words = Words {
    description: "A key encrypts tickets for as long as it is current, and decrypts them for one more rotation. Rotate \
        once a day: sessions can then be resumed for at least 22 hours.",
    files: &[INVENTORY, SSH_CONFIG, RING],
    examples: &[("Once a day, in a timer:", "sslscale tickets rotate /etc/sslscale/fleet.yaml")],
    see_also: &["tickets-status", "tickets-sync"],
    others: &[("systemd.timer", 5)],
    ..NONE
};

const TICKETS_SYNC: Words = Words {
    description: "A deploy does the same. It is for fleets whose files are installed in another way, and for app servers \
        that lost their keys.",
    files: &[INVENTORY, SSH_CONFIG, RING],
    examples: &[("After an app server was added:", "sslscale tickets sync inventory.yaml")],
    see_also: &["tickets-status", "tickets-rotate", "deploy"],
    ..NONE
};

const COMPLETIONS: Words = Words {
    description: "The script asks the `sslscale` that is typed each time, so that it need not be replaced after an \
        upgrade. It completes commands, options and their values, codes and names of rules, and the names of hosts in \
        the inventory that is on the line. A broken inventory has no names, and causes no message.",
    files: &[
        (
            "/usr/share/bash-completion/completions/sslscale",
            "Where bash finds the script, with the package bash-completion.",
        ),
        ("/usr/share/zsh/vendor-completions/_sslscale", "Where zsh finds it on Debian."),
        ("/usr/share/fish/vendor_completions.d/sslscale.fish", "Where fish finds it."),
    ],
    examples: &[
        ("For this bash:", "source <(sslscale completions bash)"),
        (
            "For every bash of a user, with the package bash-completion:",
            "mkdir -p ~/.local/share/bash-completion/completions\ncd ~/.local/share/bash-completion/completions\nsslscale \
             completions bash >sslscale",
        ),
        (
            "For every fish of a user:",
            "mkdir -p ~/.config/fish/completions\nsslscale completions fish \
             >~/.config/fish/completions/sslscale.fish",
        ),
    ],
    see_also: &["man"],
    ..NONE
};

const MAN: Words = Words {
    description: "On a terminal the page is shown as text. Elsewhere its source is printed, which `man -l -` formats.",
    files: &[("DIR/man1/sslscale-COMMAND.1", "The pages that `--output` writes.")],
    examples: &[
        ("The page of a command:", "sslscale man tickets rotate"),
        ("All pages, where man finds them:", "sslscale man -o ~/.local/share/man"),
    ],
    see_also: &["completions"],
    others: &[("man", 1)],
    ..NONE
};
