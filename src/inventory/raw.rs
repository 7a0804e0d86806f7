//! The table of keys: every section and key of the inventory, once each, with the text of the
//! reference and the form of the value. Values are not read here; `validate` does that.

mod haproxy;
mod nginx;
mod other_pools;
mod shared;
mod upstreams;

use super::schema::{Section, section};
pub use haproxy::{RawCheck, RawHaproxy, RawHaproxyInclude, RawTimeouts};
pub use nginx::{RawHsts, RawNginx};
pub use other_pools::RawOtherPool;
pub use shared::{RawLimit, RawMetrics};
pub use upstreams::RawUpstream;

section! {
    /// The whole inventory, which describes one fleet.
    RawInventory at "" {
        /// The balancers: hosts that run haproxy and forward TCP.
        load_balancers: "list, required" is Sections(1),
        /// The app servers: hosts that run nginx and terminate TLS.
        app_servers: "list, required" is Sections(1),
        /// The sites: sets of names, each with its certificate.
        sites: "list, required" is Sections(1),
        /// Apps that run as several servers. Locations pass requests to them by name, as in `proxy_pass: "http://app"`.
        upstreams: "list; default: none" is Sections(0),
        /// Groups of app servers. The TLS name (SNI) decides which pool a connection goes to.
        pools: "list; default: one pool with all app servers" is Sections(1),
        /// Groups of servers that are not app servers: other software on other ports, by TLS name, or for what is not TLS.
        other_pools: "list; default: none" is Sections(0),
        /// The addresses from which nginx accepts a client address in a PROXY header.
        trusted_proxies: "list of networks; default: the addresses of every balancer, also those in `source`" is Many(Network, 0, MANY),
        /// Which app servers can resume a TLS session: all of them, only the one that started it, or none.
        tickets: "`shared`, `per_host` or `off`; default: `shared` with more than one app server, otherwise `per_host`" is One(Choice(Tickets::NAMES)),
        /// How the balancers answer plain HTTP.
        http: "section" is OneSection,
        /// Addresses that move between balancers.
        high_availability: "section" is OneSection,
        /// Settings for all balancers.
        haproxy: "section" is OneSection,
        /// Settings for all app servers.
        nginx: "section" is OneSection,
        /// How hosts are reached over SSH.
        ssh: "section" is OneSection,
        /// How `sslscale check` treats its findings.
        lint: "section" is OneSection,
    }
}

section! {
    /// A balancer: a host that runs haproxy.
    RawLoadBalancer at "load_balancers[]" {
        /// The host's name, which is also its directory in the rendered tree.
        name: "host name, required" is One(HostName),
        /// The balancer's own address, from which it connects to the app servers. A list may have one IPv4 and one IPv6 address.
        address: "IP address or list, required" is OneOrMany(Address, 2),
        /// Settings for this balancer only.
        haproxy: "section" is OneSection,
        /// How this balancer is reached over SSH.
        ssh: "section" is OneSection,
    }
}

section! {
    /// An app server: a host that runs nginx.
    RawAppServer at "app_servers[]" {
        /// The host's name, which is also its directory in the rendered tree and its name in haproxy.
        name: "host name, required" is One(HostName),
        /// The address that the balancers connect to. A list may have one IPv4 and one IPv6 address, the preferred one first.
        address: "IP address or list, required" is OneOrMany(Address, 2),
        /// Its share of new connections, relative to the other app servers. With 0 it gets none.
        weight: "0 to 256; default 100" is One(Whole(0, 256)),
        /// Whether it takes connections only while all app servers of its pool without `backup` are down; several backups then share them.
        backup: "true or false; default false" is One(Switch),
        /// The maximum number of connections at a time from each balancer, for each of its pools; further connections wait for a free slot.
        maxconn: "1 to 500000; default: no limit" is One(Whole(1, 500_000)),
        /// Settings for this app server only.
        nginx: "section" is OneSection,
        /// How this app server is reached over SSH.
        ssh: "section" is OneSection,
    }
}

section! {
    /// A group of app servers that serve the same sites.
    RawPool at "pools[]" {
        /// The pool's name, which is also its backend's name in haproxy.
        name: "name, required" is One(PoolName),
        /// The names of its app servers.
        app_servers: "list of names, required" is Many(HostName, 1, MANY),
        /// What health checks over HTTP ask of this pool.
        check: "section; default: as in `haproxy.check`" is OneSection,
    }
}

section! {
    /// What health checks over HTTP (`type: http` in `haproxy.check`) ask of one pool. A key that is not written is as in `haproxy.check`.
    RawPoolCheck at "pools[].check" {
        /// The path that a check asks for, with or without a query.
        path: "starts with `/`" is One(CheckPath),
        /// The name that a check asks for. One of this pool's sites must have it.
        host: "DNS name" is One(CheckHost),
        /// The statuses that count as success.
        expect: "statuses such as `200` or `301-308`, several as a list" is OneOrMany(Statuses, MANY),
    }
}

section! {
    /// A set of names that are served the same way.
    RawSite at "sites[]" {
        /// Its names; `*.example.com` matches every name below `example.com`.
        server_name: "DNS name or list, required" is OneOrMany(DnsName, MANY),
        /// The pool that serves it.
        pool: "pool name; required with more than one pool" is One(PoolName),
        /// Whether it also takes clients that send no name (SNI), or one that no site has. At most one site can.
        default: "true or false; default false" is One(Switch),
        /// The document root.
        root: "absolute path" is One(Directory),
        /// The certificate chain, as a path on the app servers. Write a list for certificates with different kinds of key, such as ECDSA and RSA.
        ssl_certificate: "absolute path or list, required" is OneOrMany(AbsolutePath, 16),
        /// Its private key, as a path on the app servers. A list must be in the same order as `ssl_certificate`.
        ssl_certificate_key: "absolute path or list, required" is OneOrMany(AbsolutePath, 16),
        /// The certificate source: the file on this machine, which `check` reads, or on a host of the fleet, such as `srv1:/etc/letsencrypt/live/example.com/fullchain.pem`, which `plan`, `deploy` and `certs roll` read. A relative path is relative to the inventory's directory.
        ssl_certificate_source: "path, HOST:PATH or list" is OneOrMany(SourcePath, 16),
        /// The private key's source: the file on this machine or on a host of the fleet.
        ssl_certificate_key_source: "path, HOST:PATH or list" is OneOrMany(SourcePath, 16),
        /// HTTP Strict Transport Security: tells browsers to use only HTTPS.
        hsts: "section; default: as in `nginx`" is OneSection,
        /// The largest request body; `0` for any size. For gRPC it limits all that a client sends in one call.
        client_max_body_size: "size such as 10m; default: as in `nginx`" is One(Size),
        /// How long nginx waits until an upstream has accepted a connection.
        upstream_connect_timeout: "duration; default: as in `nginx`" is One(Duration(UPSTREAM_CONNECT)),
        /// How long nginx waits for an upstream between two reads.
        upstream_read_timeout: "duration; default: as in `nginx`" is One(Duration(TIMEOUT)),
        /// How long nginx waits for an upstream between two writes.
        upstream_send_timeout: "duration; default: as in `nginx`" is One(Duration(TIMEOUT)),
        /// A CDN that connects to the site instead of clients.
        cdn: "section; default: none" is OneSection,
        /// Networks whose clients get an answer; all others get 403, also instead of a redirect.
        allow: "list of networks; default: everyone" is Many(Network, 1, MANY),
        /// Networks whose clients get 403, also if they are in `allow`.
        deny: "list of networks; default: nobody" is Many(Network, 1, MANY),
        /// Certificates of clients, which nginx verifies.
        client_certificates: "section; default: none" is OneSection,
        /// How much the site answers one client; more gets 429 (Too Many Requests).
        limit: "section; default: no limit" is OneSection,
        /// Answers every request with 503, for the time of a work on the app.
        maintenance: "section; default: off" is OneSection,
        /// Where requests go, depending on their path.
        locations: "list; default: files below `root`" is Sections(0),
        /// Files on this machine with your own nginx text, for the site's server block. A relative path is relative to the inventory's directory. Hosts get copies.
        include: "list of paths" is Many(LocalPath, 0, 64),
    }
}

section! {
    /// A CDN in front of the site. Its word on who the client is counts for everything; who goes around it gets 403.
    RawCdn at "sites[].cdn" {
        /// Where its connections come from, as it publishes them.
        networks: "list of networks, required" is Many(Network, 1, MANY),
        /// The header in which it says who the client is.
        header: "such as `CF-Connecting-IP`, required" is One(HeaderName),
    }
}

section! {
    /// nginx asks clients for certificates, and tells apps what it knows of them. Health checks have none.
    RawClientCertificates at "sites[].client_certificates" {
        /// The file on the app servers with the certificates of the authorities that sign those of clients.
        ssl_client_certificate: "absolute path, required" is One(AbsolutePath),
        /// Whether clients need one. Without one they get 400 (`on`), or an answer (`optional`).
        ssl_verify_client: "`on` or `optional`; default `on`" is One(Choice(VerifyClient::NAMES)),
        /// The file on the app servers with a list of revoked certificates of each authority.
        ssl_crl: "absolute path; default: none" is One(AbsolutePath),
    }
}

section! {
    /// The site answers every request with 503 (Service Unavailable), and tells clients to ask again after five minutes. With an empty section, `{}`, nobody gets the site.
    RawMaintenance at "sites[].maintenance" {
        /// Networks whose clients get the site all the same, such as those who work on it. Balancers need an answer if health checks over HTTP ask this site.
        allow: "list of networks; default: nobody" is Many(Network, 1, MANY),
        /// The text of the answer, which is HTML if it begins with `<`; without it, a page of nginx's.
        body: "text in ASCII, which may have several lines; default: none" is One(Body),
    }
}

section! {
    /// Where requests for a path go. A location has a `path` and exactly one of `uwsgi_pass`, `fastcgi_pass`, `proxy_pass`, `grpc_pass`, `root` and `return`.
    RawLocation at "sites[].locations[]" {
        /// The path of the requests.
        path: "starts with `/`, required" is One(LocationPath),
        /// Whether `path` matches the start of a request's path or the whole path.
        r#match as "match": "`prefix` or `exact`; default `prefix`" is One(Choice(LocationMatch::NAMES)),
        /// Passes requests to a uWSGI app.
        uwsgi_pass: "`unix:/path`, `address:port` or an upstream's name" is One(AppSocket),
        /// Passes requests to a FastCGI app.
        fastcgi_pass: "`unix:/path`, `address:port` or an upstream's name" is One(AppSocket),
        /// Passes requests to an HTTP app.
        proxy_pass: "`http://address:port/path`, `https://…`, `http://unix:/path` or `http://NAME` of an upstream" is One(HttpUpstream),
        /// Passes requests to a gRPC app.
        grpc_pass: "`grpc://address:port`, `grpcs://…`, `unix:/path` or `grpc://NAME` of an upstream" is One(GrpcUpstream),
        /// Serves the files below a directory. The whole path of a request is appended to it: with `root: /srv/app`, `/static/a.css` is `/srv/app/static/a.css`.
        root: "absolute path" is One(Directory),
        /// What serves requests for which there is no file. With `root`, a file below it, as single-page apps need it. With `fastcgi_pass`, a PHP script below the site's `root`: files there are served, other `.php` scripts run, and everything else is passed to this one.
        fallback: "starts with `/`" is One(LocationPath),
        /// How long nginx waits until the upstream has accepted a connection.
        upstream_connect_timeout: "duration; default: as in the site" is One(Duration(UPSTREAM_CONNECT)),
        /// How long nginx waits for the upstream between two reads: how long an answer may take, or a WebSocket be silent.
        upstream_read_timeout: "duration; default: as in the site" is One(Duration(TIMEOUT)),
        /// How long nginx waits for the upstream between two writes.
        upstream_send_timeout: "duration; default: as in the site" is One(Duration(TIMEOUT)),
        /// With `proxy_pass`, the protocols to which a request may change its connection (`Upgrade`). Requests that ask for another one reach the app without this header. Protocols that carry HTTP, such as `h2c`, are refused.
        upgrade: "protocol such as `tcp` or `SPDY/3.1`, several as a list; default `websocket`" is OneOrMany(UpgradeProtocol, 16),
        /// With `https://` or `grpcs://`, the name that nginx asks for and that the certificate has to be for.
        upstream_ssl_name: "DNS name; default: the name that the client asked for" is One(CheckHost),
        /// With `https://` or `grpcs://`, the file on the app servers with the certificates of the authorities that may have signed the upstream's. With `"off"` it is not verified.
        upstream_ssl_trusted_certificate: "absolute path or `\"off\"`; default: `/etc/ssl/certs/ca-certificates.crt`, or `\"off\"` for an upstream on the app server itself" is One(Authorities),
        /// Networks whose clients get an answer, if the site's `allow` and `deny` give them one; all others get 403.
        allow: "list of networks; default: everyone" is Many(Network, 1, MANY),
        /// Networks whose clients get 403, also if they are in `allow`.
        deny: "list of networks; default: nobody" is Many(Network, 1, MANY),
        /// How much the location answers one client, instead of the site's `limit`. Of `rate` and `connections`, what is not written is as in the site.
        limit: "section; default: as in the site" is OneSection,
        /// Answers by itself, with a redirect or a status.
        r#return as "return": "section" is OneSection,
        /// Files on this machine with your own nginx text, for the location's block.
        include: "list of paths" is Many(LocalPath, 0, 64),
    }
}

section! {
    /// What nginx answers by itself: a redirect to `url`, or the status `code`.
    RawReturn at "sites[].locations[].return" {
        /// The HTTP status. With `url` it is 301, 302, 303, 307 or 308; without, any other.
        code: "200 to 599; default: 308 with `url`, which is needed without it" is One(Whole(200, 599)),
        /// The URL to redirect to.
        url: "`https://…` or `http://…`; default: none" is One(RedirectUrl),
        /// The text of the answer. Without it, nginx has a page for statuses from 400 on.
        body: "text in ASCII, which may have several lines; default: none" is One(Body),
        /// The media type of `body`.
        r#type as "type": "such as `application/json`; default `text/plain`" is One(MediaType),
        /// Whether to append the path and query of the request.
        append_request_uri: "true or false; default false" is One(Switch),
    }
}

section! {
    /// How the balancers answer plain HTTP: with a redirect to HTTPS.
    RawHttp at "http" {
        /// Whether the balancers listen for plain HTTP.
        enabled: "true or false; default true" is One(Switch),
        /// The port for plain HTTP.
        port: "1 to 65535; default 80" is One(PORT),
        /// The port that clients connect to, if something in front of the balancers maps it to `port`.
        public_port: "1 to 65535; default: `port`" is One(PORT),
        /// The HTTP status of the redirect.
        code: "301, 302, 303, 307 or 308; default 308" is One(Choice(RedirectCode::NAMES)),
        /// Where ACME challenges go.
        acme_challenge: "section" is OneSection,
    }
}

section! {
    /// Where plain HTTP requests below `/.well-known/acme-challenge/` go. Set exactly one of `app_server`, `pool`, `redirect` and `account_thumbprint`.
    RawAcmeChallenge at "http.acme_challenge" {
        /// The app server that requests the certificates.
        app_server: "name" is One(HostName),
        /// A pool whose app servers share the answers to ACME challenges.
        pool: "name" is One(PoolName),
        /// A URL to redirect to; the path of the request is appended.
        redirect: "`https://…` or `http://…`" is One(RedirectHost),
        /// The thumbprint of the ACME account's key, with which the balancers answer challenges themselves. `certbot show_account` prints it from certbot 2.3 on, and so does `acme.sh --register-account`.
        account_thumbprint: "43 characters in base64url" is One(AccountThumbprint),
        /// The port on which the app server or pool accepts ACME challenges, as plain HTTP.
        port: "1 to 65535; default 80" is One(PORT),
        /// The directory from which nginx on that app server or pool serves the answers. Without this key, another program there, such as certbot, has to listen on the port.
        root: "absolute path" is One(Directory),
    }
}

section! {
    /// Addresses that move between balancers.
    RawHighAvailability at "high_availability" {
        /// The addresses that clients connect to. Balancers still connect to app servers from their own addresses.
        virtual_addresses: "list of IP addresses" is Many(Address, 0, MANY),
    }
}

section! {
    /// How hosts are reached over SSH: all of them or, in a host's entry, that one only. What is not written is as in your `ssh_config`.
    RawSsh at "ssh" {
        /// The login. It is root, or may run commands as root through sudo without a password.
        user: "login name; default: as in `ssh_config`" is One(SshUser),
        /// The port of sshd.
        port: "1 to 65535; default: as in `ssh_config`" is One(PORT),
        /// The only key that is offered, on this machine. A relative path is relative to the inventory's directory.
        identity_file: "path; default: as in `ssh_config`, and the agent's" is One(LocalPath),
        /// Jump hosts, as for `ssh -J`.
        proxy_jump: "such as `bastion` or `user@bastion:2222`; default: as in `ssh_config`" is One(JumpHosts),
        /// Where `ssh` connects to. With an alias of `ssh_config`, what that says of it applies.
        host: "name, alias or address; default: the host's `address`" is One(SshHost),
        /// How commands on the host become root's.
        r#become as "become": "`sudo` or `none`; default: `sudo` if `user` is written and not root" is One(Choice(Become::NAMES)),
        /// The only host keys that are accepted, instead of those in `known_hosts`. Each is the second word of a file such as `/etc/ssh/ssh_host_ed25519_key.pub` of the host.
        host_keys: "key or list" is OneOrMany(HostKey, MANY),
    }
}

section! {
    /// How `sslscale check` treats its findings. A rule is written as its code or its name, such as `PX07` or `trust-too-wide`.
    RawLint at "lint" {
        /// Rules whose findings are not reported.
        allow: "list of rules" is OneOrMany(Rule, 256),
        /// Rules whose findings are turned into errors.
        deny: "list of rules" is OneOrMany(Rule, 256),
        /// The lowest severity that makes a run fail; `--fail-on` overrides it.
        fail_on: "`error`, `warning` or `info`; default `error`" is One(Choice(FailOn::NAMES)),
        /// How many days before a certificate expires `check` starts to warn about it.
        certificate_days: "1 to 3650; default: a third of its lifetime, at most 30" is One(Whole(1, 3650)),
    }
}

/// Every section, in the order of the reference.
pub const SECTIONS: &[Section] = &[
    RawInventory::SECTION,
    RawLoadBalancer::SECTION,
    RawAppServer::SECTION,
    RawPool::SECTION,
    RawPoolCheck::SECTION,
    RawOtherPool::SECTION,
    RawSite::SECTION,
    RawCdn::SECTION,
    RawClientCertificates::SECTION,
    RawMaintenance::SECTION,
    RawLocation::SECTION,
    RawReturn::SECTION,
    RawUpstream::SECTION,
    RawHttp::SECTION,
    RawAcmeChallenge::SECTION,
    RawHighAvailability::SECTION,
    RawHaproxy::SECTION,
    RawTimeouts::SECTION,
    RawCheck::SECTION,
    RawHaproxyInclude::SECTION,
    RawNginx::SECTION,
    RawHsts::SECTION,
    RawLimit::SECTION,
    RawMetrics::SECTION,
    RawSsh::SECTION,
    RawLint::SECTION,
];
