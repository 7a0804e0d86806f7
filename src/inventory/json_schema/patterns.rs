//! Regular expressions for the values of the inventory, which match the whole text. They are written in the part of
//! ECMA-262 that JSON Schema recommends, with `[…]` around what other dialects read differently.

use super::numbers::{at_least, between};
use crate::inventory::types::{Duration, REVISION_NAME, Version};

/// Of names of hosts and pools.
const NAME: &str = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";
const LABEL: &str = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
/// What paths of files may have between two slashes.
const IN_PATHS: &str = "A-Za-z0-9._+@:,=~%-";
/// The path of a location: no empty part, and none that is `.` or `..`.
const LOCATION: &str = "(?=/)(?:/(?![.][.]?(?:/|$))[A-Za-z0-9._~+:@,=-]+)*/?";
const USER: &str = "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";
const SSH_NAME: &str = "[A-Za-z0-9_][A-Za-z0-9._-]{0,252}";
const OCTET: &str = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
/// The largest size: 1024 gigabytes.
const LARGEST: u64 = 1 << 40;

pub fn host_name() -> String {
    format!("^(?!{}$)(?!.*[.][.]){NAME}$", any_case("manifest.json"))
}

pub fn pool_name() -> String {
    format!("^(?!(?:https-in|http-in|metrics-in|acme-challenge)$)(?!.*[.][.]){NAME}$")
}

/// A DNS name: the last label is not a number.
fn dns() -> String {
    format!("(?:{LABEL}[.])*(?![0-9]+(?![A-Za-z0-9-])){LABEL}")
}

pub fn check_host() -> String {
    format!("^(?!{}$){}$", any_case(REVISION_NAME), dns())
}

pub fn dns_name() -> String {
    format!("^(?!{}$)(?:[*][.](?=[^.]+[.]))?{}$", any_case(REVISION_NAME), dns())
}

fn any_case(text: &str) -> String {
    let letter = |c: char| match c {
        '.' => "[.]".to_owned(),
        c => format!("[{}{c}]", c.to_ascii_uppercase()),
    };
    text.chars().map(letter).collect()
}

/// Any IPv4 address.
fn v4() -> String {
    format!("{OCTET}(?:[.]{OCTET}){{3}}")
}

/// Any IPv6 address. The dots of an IPv4 address at its end are looked at first.
fn v6() -> String {
    v6_ending_in(&v4())
}

fn v6_ending_in(v4: &str) -> String {
    let mut forms =
        vec!["(?:H:){7}H".to_owned(), "(?:H:){1,7}:".to_owned(), ":(?::H){1,7}".to_owned(), "::".to_owned()];
    forms.extend((1..=6).map(|head| format!("(?:H:){{1,{head}}}(?::H){{1,{}}}", 7 - head)));
    forms.extend(["(?:H:){6}V", ":(?::H){0,5}:V", "(?:H:){1,5}:V"].map(str::to_owned));
    forms.extend((1..=4).map(|head| format!("(?:H:){{1,{head}}}(?::H){{1,{}}}:V", 5 - head)));
    let forms = forms.join("|").replace('V', "[0-9]+[.][0-9.]+").replace('H', "[0-9A-Fa-f]{1,4}");
    format!("(?=(?:[0-9A-Fa-f:]*:{v4}|[0-9A-Fa-f:]+)(?![0-9A-Fa-f:.]))(?:{forms})")
}

/// No multicast, link-local, mapped or unspecified address, as they are usually written.
const V6_USABLE: &str = "(?![Ff]{2}[0-9A-Fa-f]{2}:)(?![Ff][Ee][89AaBb][0-9A-Fa-f]:)(?!::[Ff]{4}:)(?!::(?![0-9A-Fa-f]))";

pub fn address() -> String {
    let first = between(1, 223);
    format!("^(?:(?!127[.]){first}(?:[.]{OCTET}){{3}}|{V6_USABLE}(?!::1$){})$", v6())
}

pub fn network() -> String {
    // `check` takes zeros in front of the numbers of a network, but not of an address.
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|0?[0-9]{2}|0{0,2}[0-9])";
    let zeros = format!("{octet}(?:[.]{octet}){{3}}");
    let v4_net = format!("{zeros}/(?:0?[1-9]|{})", between(10, 32));
    let v6_net = format!("(?!::[Ff]{{4}}:){}/0{{0,2}}{}", v6_ending_in(&zeros), between(1, 128));
    format!("^(?:{v4_net}|{v6_net}|{}|(?!::[Ff]{{4}}:){})$", v4(), v6())
}

fn port() -> String {
    between(1, 65_535)
}

/// A path of a file or directory whose parts have these characters and end before `ends`.
fn path(chars: &str, ends: &str) -> String {
    format!("(?:/(?![.][.]?(?:{ends}|$))[{chars}]{{1,255}})+")
}

pub fn absolute_path() -> String {
    format!("^{}$", path(IN_PATHS, "/"))
}

pub fn directory() -> String {
    format!("^(?=.{{1,1024}}(?:/$|$)){}/?$", path(IN_PATHS, "/"))
}

pub fn local_path() -> String {
    format!("^[/{IN_PATHS}]+$")
}

pub fn source_path() -> String {
    let host = format!("(?!{}:)(?![^:]*[.][.]){NAME}:", any_case("manifest.json"));
    format!("^(?:{host}{}|(?!{host})[/{IN_PATHS}]+)$", path(IN_PATHS, "/"))
}

pub fn location_path() -> String {
    format!("^{LOCATION}$")
}

/// A path in percent-encoding and perhaps a query.
pub fn check_path() -> String {
    const PLAIN: &str = "!&()*+,.0-9:=@A-Z_a-z~-";
    let part = format!("/(?!(?:[.]|%2[Ee]){{1,2}}(?:[/?]|$))(?:[{PLAIN}]|%(?!00|2[Ff])[0-9A-Fa-f]{{2}})+");
    format!("^(?=/)(?:{part})*/?(?:[?](?:[/?{PLAIN}]|%[0-9A-Fa-f]{{2}})*)?$")
}

pub fn statuses() -> String {
    let status = between(200, 599);
    format!("^{status}(?:-{status})?(?:,{status}(?:-{status})?)*$")
}

/// A Unix socket whose path ends before `ends`, which it cannot contain.
fn unix(chars: &str, ends: &str) -> String {
    format!("unix:(?!/[/{chars}]{{100}}){}", path(chars, ends))
}

/// An IP address, with brackets, that an app or a server listens on, and its port.
fn socket(port: &str) -> String {
    let v4 = format!("(?!0[.]0[.]0[.]0)(?!(?:22[4-9]|23[0-9])[.]){}", v4());
    format!("(?:{v4}|\\[{V6_USABLE}{}\\]){port}", v6())
}

/// A socket with its port, or a Unix socket.
fn own_socket() -> String {
    format!("{}|{}", unix(NO_COLON, "/"), socket(&format!(":{}", port())))
}

pub fn app_socket() -> String {
    format!("^(?:{}|{UPSTREAM})$", own_socket())
}

pub fn server_address() -> String {
    let host = format!("(?!{}:)(?=[^:]{{1,253}}:){}:{}", any_case(REVISION_NAME), dns(), port());
    format!("^(?:{}|{host})$", own_socket())
}

pub fn server_socket() -> String {
    format!("^{}$", socket(&format!(":{}", port())))
}

pub fn upstream_name() -> String {
    format!("^{UPSTREAM}$")
}

pub fn header_name() -> String {
    "^(?=.*-)[A-Za-z][A-Za-z0-9-]{0,45}$".to_owned()
}

/// Not a protocol that carries HTTP.
pub fn upgrade_protocol() -> String {
    const WORD: &str = "[A-Za-z0-9._+-]+";
    format!("^(?![Hh]2|(?:[Hh][Tt][Tt][Pp][Ss]?|[Tt][Ll][Ss])(?:/|$)){WORD}(?:/{WORD})?$")
}

pub fn rate() -> String {
    format!("^{}r/[ms]$", between(1, 100_000))
}

pub fn media_type() -> String {
    "^[a-z][a-z0-9.+-]{0,63}/[a-z][a-z0-9.+-]{0,63}$".to_owned()
}

pub fn resolver() -> String {
    format!("^{}$", socket_with_default())
}

pub fn buffer_size([least, most]: [u64; 2]) -> String {
    let unit = |shift: u32, letters: &str| {
        let (low, high) = (least.div_ceil(1 << shift), most >> shift);
        (low <= high).then(|| format!("{}{letters}", between(low, high)))
    };
    let all: Vec<String> = [unit(0, ""), unit(10, "[kK]"), unit(20, "[mM]")].into_iter().flatten().collect();
    format!("^(?:{})$", all.join("|"))
}

/// Not followed by a port or a dot.
const UPSTREAM: &str = "(?!localhost(?:/|$))[a-z][a-z0-9_-]{0,62}";

const NO_COLON: &str = "A-Za-z0-9._+@,=~%-";

/// Where the port has a default.
fn socket_with_default() -> String {
    socket(&format!("(?::{})?", port()))
}

pub fn http_upstream() -> String {
    let unix = unix(NO_COLON, "[/:]");
    format!("^https?://(?:{unix}(?::{LOCATION})?|{}(?:{LOCATION})?|{UPSTREAM}(?:{LOCATION})?)$", socket_with_default())
}

pub fn grpc_upstream() -> String {
    let unix = unix(NO_COLON, "/");
    format!("^(?:{unix}|grpcs?://(?:{unix}|{}|{UPSTREAM}))$", socket_with_default())
}

fn authority() -> String {
    let revision = format!("(?!{}(?![A-Za-z0-9-]))", any_case(REVISION_NAME));
    format!("(?:(?![^:/?]{{255}}){revision}{}[.]?|{}|\\[{}\\])(?::{})?", dns(), v4(), v6(), port())
}

pub fn redirect_url() -> String {
    format!("^https?://{}(?:[/?][A-Za-z0-9/._~+:@,=?&%\\[\\]-]*)?$", authority())
}

pub fn redirect_host() -> String {
    format!("^https?://{}$", authority())
}

pub fn log_target() -> String {
    let v4 = format!("{}(?:[.]{OCTET}){{3}}", between(1, 223));
    let port = format!("0*{}", port());
    let file = format!("(?!/.{{97}}){}", path("A-Za-z0-9._+=~-", "/"));
    format!("^(?:{file}|(?:{v4}|\\[{V6_USABLE}{}\\]):{port})$", v6())
}

pub fn authorities() -> String {
    format!("^(?:off|{})$", path(IN_PATHS, "/"))
}

pub fn access_log() -> String {
    let facility =
        "(?:kern|user|mail|daemon|auth|intern|lpr|news|uucp|clock|authpriv|ftp|ntp|audit|alert|cron|local[0-7])";
    let severity = "(?:emerg|alert|crit|error|warn|notice|info|debug)";
    let server = format!("(?:{}|{})", unix("A-Za-z0-9._+@=~%-", "[/,]"), socket_with_default());
    let parameter = format!(
        "(?:server={server}|facility={facility}|severity={severity}|tag=[A-Za-z0-9_]{{1,32}}|nohostname)(?=,|$)"
    );
    let once = "(?!(?:.*,)?(server|facility|severity|tag|nohostname)(?:=[^,]*)?,(?:.*,)?\\1(?:[=,]|$))";
    let syslog = format!("syslog:(?=(?:[^,]*,)*server=){once}{parameter}(?:,{parameter})*");
    format!("^(?:off|{}|{syslog})$", path(IN_PATHS, "/"))
}

pub fn size() -> String {
    let unit = |shift: u32, letters: &str| format!("{}{letters}", between(0, LARGEST >> shift));
    format!("^(?:{}|{}|{}|{})$", unit(0, ""), unit(10, "[kK]"), unit(20, "[mM]"), unit(30, "[gG]"))
}

/// Durations between two others, in multiples of `step` milliseconds.
pub fn duration([least, most]: [Duration; 2], step: u64) -> String {
    let (least, most) = (least.milliseconds(), most.milliseconds());
    let unit = |(name, size): &(&str, u64)| {
        let (low, high) = (least.div_ceil(*size), most / size);
        (low <= high).then(|| format!("{}{name}", between(low, high)))
    };
    let milliseconds = if step == 1_000 { Some(whole_seconds(least, most)) } else { unit(&("ms", 1)) };
    let units = [("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let all: Vec<String> = milliseconds.into_iter().chain(units.iter().filter_map(unit)).collect();
    format!("^0*(?:{})$", all.join("|"))
}

/// Whole seconds in milliseconds.
fn whole_seconds(least: u64, most: u64) -> String {
    let seconds = between(least.div_ceil(1_000).max(1), most / 1_000);
    if least == 0 { format!("(?:0|{seconds}000)ms") } else { format!("{seconds}000ms") }
}

/// A part of a version.
const PART: &str = "(?:0|[1-9][0-9]{0,4})";

pub fn program_version(Version(major, minor, _): Version) -> String {
    format!("^(?:{major}[.]{}|{}[.]{PART})(?:[.]{PART})?$", at_least(minor), at_least(major + 1))
}

/// Versions of OpenSSL from 1.1.1 on.
pub fn openssl_version() -> String {
    let (one, two) = (at_least(1), at_least(2));
    format!("^(?:1[.](?:1[.]{one}|{two}(?:[.]{PART})?)[a-z]?|{two}[.]{PART}(?:[.]{PART})?)$")
}

pub fn openssl_name() -> String {
    "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$".to_owned()
}

pub fn ssh_user() -> String {
    format!("^{USER}$")
}

pub fn ssh_host() -> String {
    format!("^(?:{SSH_NAME}|{})$", v6())
}

pub fn jump_hosts() -> String {
    let port = format!("(?::0*{})?", port());
    let jump = format!("(?:{USER}@)?(?:{SSH_NAME}{port}|{0}|\\[(?:{SSH_NAME}|{0})\\]{port})", v6());
    format!("^{jump}(?:,{jump})*$")
}

/// The hash of a key in base64url, whose last character has two bits that are zero.
pub fn account_thumbprint() -> String {
    "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$".to_owned()
}

/// The base64 of the length of a kind's name and its first letters.
pub fn host_key() -> String {
    "^(?=(?:.{4})+$)AAAA(?:C3NzaC1|E2VjZHNhLXNoYTIt|B3NzaC1yc2|GnNrLXNzaC1|InNrLWVjZHNhLXNoYTIt)[A-Za-z0-9+/]{12,}={0,2}$".to_owned()
}

/// The codes and names of rules in letters of another case than in the table.
pub fn rule_in_other_case() -> String {
    let code = "(?![A-Z]{2}[0-9])[A-Za-z]{2}[0-9]{2}";
    format!("^(?:{code}|(?=.*[A-Z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+)$")
}
