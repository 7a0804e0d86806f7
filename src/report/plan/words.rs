//! What a plan holds, in words.

use crate::count::several;
use crate::deploy::{ChangeKind, HeaderFlip, Problem, Restriction, Risk, Role, is_nginx_conf};
use crate::report::room;
use crate::visible::visible;

pub fn risk_words(risk: &Risk, role: Role) -> String {
    match risk {
        Risk::Restart => format!("{} is restarted: its connections are closed", role.program()),
        Risk::EditsLost(path) => format!("the edits that somebody made to `{path}` are lost"),
        Risk::Adopted(path) => format!("another tool may write `{path}` again"),
        Risk::TrustEnds(network) => {
            let of = if network.prefix_len() == network.max_prefix_len() {
                network.addr().to_string()
            } else {
                network.to_string()
            };
            format!(
                "no balancer at {of} is trusted any more: apps would take its address for that of its clients; if one has \
                 left the inventory, `systemctl stop haproxy` on it first"
            )
        }
        Risk::OnlyClientsOf(networks) => {
            format!("only clients in {} get in from then on: connections of all others are closed", some_of(networks))
        }
        Risk::NoClientsOf(networks) => {
            format!("connections of clients in {} are closed from then on", some_of(networks))
        }
        Risk::Restricted(what, names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", visible(name))).collect();
            let names = some_of(&names);
            match what {
                Restriction::Certificate => format!("clients of {names} need a certificate from then on"),
                Restriction::Cdn => format!("clients of {names} who do not come through the CDN get 403 from then on"),
                Restriction::Networks => format!("clients of {names} whom its lists leave out get 403 from then on"),
                Restriction::Maintenance => format!("{names} is closed for maintenance from then on"),
            }
        }
        Risk::Stranded(apps) => {
            let (stay, them) = if apps.len() == 1 {
                ("is left out and stays at its old port", "it")
            } else {
                ("are left out and stay at their old ports", "them")
            };
            format!("{} {stay}: haproxy finds {them} down until a deploy to {them}", apps.join(", "))
        }
        Risk::LittleRoom(space, paths) => {
            let (what, shows) = room::words(space, paths);
            format!("{what}; `{shows}` on the host shows what is full")
        }
        Risk::Emptied => "it serves no site any more: balancers that still have it send it clients until their checks \
                          notice"
            .to_owned(),
        Risk::AddressesClose { port, left } => format!(
            "port {port} is open at {} alone from then on: clients that connect to other addresses fail",
            left.iter().map(|address| visible(address)).collect::<Vec<_>>().join(", ")
        ),
        Risk::NamesGo(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", visible(name))).collect();
            format!("no longer served: {}", names.join(", "))
        }
        Risk::Disabled => {
            let program = role.program();
            format!("{program} does not start when the host boots; `systemctl enable {program}` there changes that")
        }
        Risk::Loads(files) => {
            let files: Vec<String> = files.iter().map(|file| format!("`{}`", visible(file))).collect();
            format!(
                "nginx also loads {}, which somebody has changed since it loaded its configuration",
                files.join(", ")
            )
        }
        Risk::PortCloses(port) => format!("port {port} closes: clients that still connect to it fail"),
    }
}

/// The first of a list, and how many more.
fn some_of(list: &[impl ToString]) -> String {
    const SHOWN: usize = 4;
    let shown = list.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {}", several(more, "other")),
    }
}

pub fn change(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "creates",
        ChangeKind::Update => "changes",
        ChangeKind::Overwrite => "changes, with the edits that somebody made,",
        ChangeKind::TakeOver => "replaces the package's",
        ChangeKind::Adopt => "replaces somebody else's",
        ChangeKind::Attributes => "sets mode and owner of",
        ChangeKind::Remove => "removes",
        ChangeKind::Discard => "removes, with the edits that somebody made,",
    }
}

pub fn told(problem: &Problem, role: Role) -> String {
    match problem {
        Problem::NotInstalled => format!("{} is not installed", role.program()),
        Problem::OtherRole(was) => {
            let what = if *was == Role::Balancer { "a balancer" } else { "an app server" };
            format!("the host at its address is {what} by its last release")
        }
        Problem::NoTool(name) => format!("there is no `{name}`, which a deploy needs"),
        Problem::Foreign(path) => format!("`{path}` is neither sslscale's nor as the package has it"),
        Problem::NotAFile(path) => format!("`{path}` is not a file"),
        Problem::NoCertificate(path) => format!("there is no `{path}`, and the inventory has no source for it"),
        Problem::Unread(path) | Problem::Behind(path) => format!(
            "nginx has not loaded `{}` since that changed, and ticket keys that it lacks come with a reload",
            visible(path)
        ),
        Problem::HeaderFlip { flip: HeaderFlip { port, on }, .. } => {
            let to = if *on { "on" } else { "off" };
            format!(
                "PROXY headers would be turned {to} at port {port}, which is in use: clients would fail until all \
                 balancers and app servers have changed"
            )
        }
        Problem::PortTaken { port, program } => {
            format!("`{}` listens on port {port}, which nginx needs", visible(program))
        }
        Problem::NoAddress(address) => {
            format!("no interface of it has `{address}`, from which haproxy would connect to app servers")
        }
        Problem::Unbelieved { from, .. } => format!(
            "it connects to app servers from `{from}`, which they would not believe any more: they would take it for the \
             address of all clients"
        ),
        Problem::Older { path, live, new } => {
            format!("`{path}` on the host begins on `{live}` UTC, and what would replace it on `{new}` UTC")
        }
    }
}

/// What to do about it on these hosts. `file` is the inventory, as commands name it.
pub fn help(problem: &Problem, role: Role, (hosts, file): (&[&str], &str)) -> String {
    match problem {
        Problem::NotInstalled | Problem::NoTool(_) => match problem.package(role) {
            Some(package) => {
                format!("`sslscale deploy --install {file}` installs it; or on the host: `apt-get install {package}`")
            }
            None => "a host needs systemd as its init".to_owned(),
        },
        Problem::OtherRole(_) => {
            "correct `address`; a host that is to become something else gives up its files first: \
             `sslscale rollback --to 000000000000 --only NAME OLD`, where OLD is the inventory that has it as NAME"
                .to_owned()
        }
        Problem::Foreign(_) => {
            format!("look at what differs, which a plan shows; `sslscale deploy --adopt {file}` replaces it")
        }
        Problem::NotAFile(_) => "move away what is there".to_owned(),
        Problem::Behind(path) if is_nginx_conf(path) => {
            let each = hosts.iter().map(|host| format!("`sslscale deploy --only {host} {file}`"));
            let each = each.collect::<Vec<_>>().join(", then ");
            format!("{each} writes the file again, and needs no new ticket keys")
        }
        Problem::Unread(_) | Problem::Behind(_) => {
            "check the file on the host, or move it away, then run `systemctl reload nginx` there".to_owned()
        }
        Problem::NoCertificate(_) => {
            "put it on the host; the certificate and the key of a site can also come with a deploy, from its \
             `ssl_certificate_source` and `ssl_certificate_key_source`"
                .to_owned()
        }
        Problem::HeaderFlip { flip, .. } => {
            let other = if flip.port == 8443 { 443 } else { 8443 };
            format!(
                "change `nginx.port` together with `proxy_protocol`, for example to {other}: app servers then serve both \
                 ports until every balancer has changed; a later deploy can change the port back"
            )
        }
        Problem::PortTaken { .. } => "stop that program and disable its service, or give it another port".to_owned(),
        Problem::NoAddress(_) => {
            "add the address to an interface of the host: connections from it fail; or go back to a release without it"
                .to_owned()
        }
        Problem::Unbelieved { own, .. } => format!(
            "make `{own}` the one that the host connects from: the first of its interface, or the `src` of its route"
        ),
        Problem::Older { .. } => {
            "renew the certificate, or correct its source; an older one comes back with a rollback".to_owned()
        }
    }
}
