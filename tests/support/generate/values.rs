//! Single values of every type, often at the limits of the type.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::yaml::Yaml;

pub type Text = BoxedStrategy<String>;
pub type Part = BoxedStrategy<Yaml>;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
const WORD: &str = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789";
/// Characters of file and request paths besides letters and digits.
const FILE: &str = "abcxyzABC0189._-+@:,=~%";
const REQUEST: &str = "abcxyzABC0189._~+:@,=-";
const SOCKET: &str = "abcxyzABC0189._-+@,=~%";

pub fn text(chars: &'static str, length: impl Into<SizeRange>) -> Text {
    vec(select(chars.as_bytes()), length).prop_map(|bytes| String::from_utf8(bytes).unwrap()).boxed()
}

pub fn scalar<S: ToString + std::fmt::Debug>(strategy: impl Strategy<Value = S> + 'static) -> Part {
    strategy.prop_map(|value| Yaml::Scalar(value.to_string())).boxed()
}

pub fn one_of(values: &'static [&'static str]) -> Part {
    scalar(select(values))
}

/// A number from `low` to `high`, often one of these two.
pub fn number(low: u64, high: u64) -> Part {
    scalar(prop_oneof![2 => Just(low), 2 => Just(high), 3 => low..=high])
}

/// A duration between two numbers of milliseconds, in any unit, often one of the two.
pub fn duration(low: u64, high: u64) -> Part {
    const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let any = (prop_oneof![Just(low), Just(high), low..=high], select(UNITS));
    scalar(any.prop_map(move |(milliseconds, (unit, size))| {
        let whole = (milliseconds / size) * size;
        if whole < low { format!("{milliseconds}ms") } else { format!("{}{unit}", milliseconds / size) }
    }))
}

pub fn size() -> Part {
    prop_oneof![
        one_of(&["0", "1", "1k", "10M", "1024g", "1048576m", "1073741824k", "1099511627776", "1023G"]),
        scalar((1_u32..100_000, select(&["", "k", "m", "K"][..])).prop_map(|(n, unit)| format!("{n}{unit}"))),
    ]
    .boxed()
}

/// A word of a host's or pool's name, of at most `most` bytes.
pub fn name(most: usize) -> Text {
    let body = prop_oneof![5 => text("abcXYZ019-_", 0..12), 1 => text("abcXYZ019-_.", most - 1)];
    (text(WORD, 1), body).prop_map(|(first, body)| format!("{first}{body}").replace("..", "-.")).boxed()
}

/// Labels of a DNS name that end in `label`, which makes them unique; at most `most` bytes.
pub fn dns(label: String, most: usize, only_long: bool) -> Text {
    let label_text = |length: Text| length.prop_map(|l| l.trim_matches('-').to_owned());
    let short = vec(label_text(text("abcxyzA019-", 1..12)), 0..3);
    let long = vec(label_text(text("abcxyz019", 63)), 3..=3);
    let ending = select(&["example.com", "x", "co.uk", "xn--p1ai", "EXAMPLE.org", "a-b.1a"][..]);
    (prop_oneof![if only_long { 0 } else { 6 } => short, 1 => long], ending, text(LETTERS, 255), 0..4_u8)
        .prop_map(move |(labels, ending, fill, mood)| {
            let mut labels: Vec<String> = labels.into_iter().filter(|l| !l.is_empty()).collect();
            let long = labels.iter().any(|l| l.len() == 63);
            labels.insert(0, label.clone());
            if mood > 0 || long {
                labels.push(ending.to_owned());
            }
            if labels.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
                labels.push("x".to_owned());
            }
            let mut name = labels.join(".");
            if long {
                // As long as a name can be.
                let room = most.saturating_sub(name.len());
                let at = name.find('.').unwrap_or(name.len());
                name.insert_str(at, &fill[..room.min(63 - label.len())]);
                name = name.chars().skip(name.len().saturating_sub(most)).collect();
                name = name.trim_start_matches(['.', '-']).to_owned();
            }
            name
        })
        .boxed()
}

/// Parts made of `chars` between slashes, none of them longer than a file name can be.
fn parts(chars: &'static str) -> Text {
    let part = |length: std::ops::Range<usize>| (text(WORD, 1), text(chars, length)).prop_map(|(a, b)| a + &b);
    let short = vec(part(0..10), 1..5);
    let long = vec(part(240..255), 4..5);
    let deep = vec(text(WORD, 20), 50..60);
    prop_oneof![12 => short, 1 => long, 1 => deep].prop_map(|parts| parts.join("/")).boxed()
}

/// Paths that are something else than a certificate, a key, a log or a document root can be.
const TAKEN: &[&str] = &["/etc/nginx/nginx.conf", "/dev/null", "/run/nginx.pid"];

/// An access log; sometimes a path that cannot be one.
pub fn access_log() -> Part {
    let good = one_of(&[
        "/var/log/nginx/tls.log",
        "/var/log/nginx/access.log",
        "off",
        "syslog:server=[::1]:514,tag=a",
        "syslog:server=unix:/dev/log",
    ]);
    prop_oneof![49 => good, 1 => one_of(&["/var/log/nginx", "/dev/stdout", "/run/nginx.pid"])].boxed()
}

/// An absolute path, sometimes 1,024 bytes long.
pub fn path() -> Text {
    let front = select(&["/etc/ssl/", "/srv/", "/", "/var/lib/site/"][..]);
    let good = (front, parts(FILE)).prop_map(|(front, parts)| cut(&format!("{front}{parts}"), 1024));
    prop_oneof![1_999 => good, 1 => select(TAKEN).prop_map(str::to_owned)].boxed()
}

/// The path of a location or of an upstream, made unique by `unique`.
pub fn request_path(unique: String) -> Text {
    let end = prop_oneof![199 => select(&["", "/", ".php", "/index.html"][..]), 1 => Just("/.git/")];
    (parts(REQUEST), end)
        .prop_map(move |(parts, end)| {
            let room = 255 - unique.len() - end.len() - 1;
            format!("/{unique}{}{end}", cut(&parts, room)).replace("//", "/")
        })
        .boxed()
}

fn cut(path: &str, most: usize) -> String {
    path[..path.len().min(most)].trim_end_matches('/').to_owned()
}

/// A socket's path, sometimes 100 bytes long.
fn socket(kind: Spoken) -> Text {
    let kind = kind as u16;
    let short = (text(WORD, 1), text(SOCKET, 0..20)).prop_map(move |(a, b)| format!("/run/{a}{kind}{b}.sock"));
    let long = text(SOCKET, 93).prop_map(move |name| format!("/run/a{kind}{name}"));
    prop_oneof![3 => short, 1 => long].boxed()
}

/// Where an app listens; sometimes an address with a zone, which programs do not read.
fn loopback() -> BoxedStrategy<&'static str> {
    let good =
        select(&["127.0.0.1", "10.255.255.254", "[::1]", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]", "0.0.0.1"][..]);
    prop_oneof![999 => good, 1 => Just("[fd00::5%3]")].boxed()
}

/// Not on the host itself, where nginx has the ports that a URL has without a number.
fn elsewhere() -> BoxedStrategy<&'static str> {
    select(&["10.255.255.254", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]"][..]).boxed()
}

/// A port that takes TLS. The other kinds have other ports: two listeners of a host with one port are refused.
pub fn port() -> BoxedStrategy<u16> {
    ports(443, &[1, 8443, 65535])
}

/// A port for plain HTTP.
pub fn http_port() -> BoxedStrategy<u16> {
    ports(80, &[81, 8080, 65534])
}

/// What apps speak on a socket. Two kinds on one socket are refused.
#[derive(Debug, Clone, Copy)]
pub enum Spoken {
    Uwsgi = 0,
    Fastcgi = 1,
    /// Without TLS, HTTP and gRPC share sockets.
    Http = 2,
    Tls = 3,
}

impl Spoken {
    fn of(scheme: &str) -> Self {
        if scheme.ends_with('s') { Self::Tls } else { Self::Http }
    }
}

/// The same for a server of an upstream.
pub fn port_of(kind: Spoken) -> BoxedStrategy<u16> {
    app_port(kind)
}

/// A size of the buffer for a head.
pub fn buffer() -> Part {
    one_of(&["4k", "8k", "16k", "5000", "12345", "33k", "64K", "1m", "1048576"])
}

/// A port of an app; each kind has others, and never those of balancers and nginx that people write.
fn app_port(kind: Spoken) -> BoxedStrategy<u16> {
    ports(8000, &[4, 3032, 65528]).prop_map(move |port| (port & !3).max(4) + kind as u16).boxed()
}

fn ports(usual: u16, others: &'static [u16]) -> BoxedStrategy<u16> {
    prop_oneof![2 => Just(usual), 1 => select(others), 2 => 1_u16..].boxed()
}

/// What `uwsgi_pass` and `fastcgi_pass` take.
pub fn app_socket(kind: Spoken) -> Part {
    let unix = socket(kind).prop_map(|path| format!("unix:{path}"));
    let tcp = (loopback(), app_port(kind)).prop_map(|(host, port)| format!("{host}:{port}"));
    scalar(prop_oneof![unix, tcp])
}

/// What `proxy_pass` takes.
pub fn http_upstream() -> Part {
    let uri = prop_oneof![Just(String::new()), Just("/".to_owned()), request_path(String::new())];
    let scheme = select(&["http", "https"][..]);
    let all = (scheme, uri).prop_flat_map(|(scheme, uri)| {
        let kind = Spoken::of(scheme);
        let host = prop_oneof![
            (loopback(), app_port(kind)).prop_map(|(host, port)| (format!("{host}:{port}"), "")),
            elsewhere().prop_map(|host| (host.to_owned(), "")),
            socket(kind).prop_map(|path| (format!("unix:{path}"), ":")),
        ];
        (Just(scheme), host, Just(uri))
    });
    scalar(all.prop_map(|(scheme, (host, colon), uri)| {
        let colon = if uri.is_empty() { "" } else { colon };
        format!("{scheme}://{host}{colon}{uri}")
    }))
}

/// What `grpc_pass` takes.
pub fn grpc_upstream() -> Part {
    let with_scheme = select(&["grpc", "grpcs"][..]).prop_flat_map(|scheme| {
        let kind = Spoken::of(scheme);
        let host = prop_oneof![
            (loopback(), app_port(kind)).prop_map(|(host, port)| format!("{host}:{port}")),
            elsewhere().prop_map(str::to_owned),
            socket(kind).prop_map(|path| format!("unix:{path}")),
        ];
        host.prop_map(move |host| format!("{scheme}://{host}"))
    });
    let bare = socket(Spoken::Http).prop_map(|path| format!("unix:{path}"));
    scalar(prop_oneof![4 => with_scheme, 1 => bare])
}

/// The target of a redirect; with a path only if the request's own path is not appended.
pub fn redirect_url(with_path: bool) -> Text {
    let host = select(&["www.example.com", "example.com:8443", "[2001:db8::1]", "[::1]:443", "a", "x-y.z"][..]);
    let tail = prop_oneof![Just(String::new()), text("abz019/._~+:@,=-?&%[]", 0..40), text("az/%3F&=", 2000)];
    let tail = if with_path { tail.prop_map(|t| format!("/{t}")).boxed() } else { Just(String::new()).boxed() };
    (select(&["https", "http"][..]), host, tail)
        .prop_map(|(scheme, host, tail)| format!("{scheme}://{host}{tail}"))
        .boxed()
}

/// A text for an answer, with characters that mean something to nginx and to YAML.
pub fn body() -> Part {
    let odd = prop_oneof![
        3 => select(&["$", "\"", "'", "\\", "{", "}", ";", "#", "%", "\n", "\t", " ", "$host", "\\n", ": ", "~"][..]),
        1 => select(&["Sorry", "<p>", "</p>", "{\"status\": \"ok\"}", "User-agent: *\nDisallow: /\n"][..]),
    ];
    let long = (0..4_000_usize).prop_map(|length| "x".repeat(length));
    let text = vec(odd, 1..12).prop_map(|parts| parts.concat());
    prop_oneof![9 => text, 1 => long.prop_filter("a text", |text| !text.is_empty())].prop_map(Yaml::Scalar).boxed()
}

/// Where haproxy's logs go.
pub fn log() -> Part {
    let server = one_of(&["10.0.0.5:514", "[2001:db8::5]:514", "127.0.0.1:1", "[::1]:65535", "/dev/log"]);
    let socket = (text(WORD, 1), text("abzABZ019._-+=~", 0..30)).prop_map(|(a, b)| format!("/var/lib/{a}{b}"));
    let longest = text("abz019._-+=~", 92).prop_map(|name| format!("/run/{name}"));
    prop_oneof![150 => server, 50 => scalar(socket), 50 => scalar(longest), 1 => one_of(&["/run/haproxy/admin.sock"])]
        .boxed()
}
