//! A shell script with its arguments and its standard input, as one text that any `sh -s` runs.
//!
//! It goes over the standard input of `sh`, so that the words of the command are always the same two,
//! `sh -s`. They show nothing in a list of processes, and mean the same whether or not a shell on the
//! way splits them again, as the login shell behind `ssh` does.
//!
//! The standard input of the script cannot simply follow its text: dash 0.5.12 reads ahead, and takes
//! the beginning of the input for itself. So the text holds the input too, as an argument of `printf`,
//! which is a builtin of the shell and shows its arguments to nobody.
//!
//! The text is one compound command. A shell reads such a command to its end before it runs any part
//! of it, so a text that a broken connection has cut off does nothing.

use std::fmt;

use zeroize::Zeroizing;

use super::quote::quote;

/// Programs are found, and speak, in the same way whatever the login is.
pub(super) const HEAD: &str = "\
{
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset ENV BASH_ENV CDPATH IFS
";

/// Goes before the output of the script: what comes before this is not the script's, but for
/// instance that of a login shell.
const BEGIN: &str = "printf '\\nsslscale-begin\\n'\n";
const BEGUN: &[u8] = b"\nsslscale-begin\n";

/// Goes after it, with its exit status. Without this, the script did not come to its end.
const END: &str = "printf '\\nsslscale-end %d\\n' \"$?\"\nexit 0\n}\n";
const ENDED: &[u8] = b"\nsslscale-end ";

/// A script for a directory never runs on the machine itself, nor makes a directory that is gone.
const IS_THERE: &str = "\
if [ -z \"$root\" ] || [ ! -d \"$root\" ]; then
    echo \"the directory '$root' does not exist\" >&2
    exit 69
fi
";

/// A `printf` that is a program would show its input to every user of the host.
const NO_BUILTIN: &str = "\
case $(command -v printf) in
printf) ;;
*)
    echo 'the `sh` of this host has no builtin printf, so other users could see the keys: nothing was done; make dash or bash its `sh`' >&2
    printf '\\nsslscale-end 69\\n'
    exit 0
    ;;
esac
";

/// Most of what scripts look at is hidden from other users, and would be reported as not there. The kernel tells the
/// user without another program.
const IS_ROOT: &str = "\
uid=
while read -r key real effective rest; do
    case $key in Uid:) uid=$effective ;; esac
done 2>/dev/null </proc/self/status
case ${uid:-$(id -u)} in
0) ;;
*)
    printf '\\nsslscale-login %s\\n' \"$(id -un)\"
    exit 0
    ;;
esac
";
const LOGIN: &[u8] = b"\nsslscale-login ";

/// One of the programs of a machine: each is a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub program: &'static str,
    /// Whether another host is on the same machine.
    pub shares: bool,
}

/// A POSIX shell script. It finds the directory that stands for the host's `/` in `$root`, which is
/// empty on a real host; in `$part` and `$shares` what [`Part`] says, if that is known.
#[derive(Clone, Copy)]
pub struct Script<'s> {
    pub(super) parts: &'s [&'s str],
    pub(super) arguments: &'s [&'s str],
    pub(super) input: &'s [u8],
    pub(super) detached: bool,
    pub(super) part: Option<Part>,
    /// For a script that only root may run: what to do about another login.
    pub(super) as_root: Option<&'static str>,
}

impl<'s> Script<'s> {
    /// The script that these parts are one after the other.
    pub fn new(parts: &'s [&'s str]) -> Self {
        Self { parts, arguments: &[], input: &[], detached: false, part: None, as_root: None }
    }

    /// Its positional parameters.
    #[must_use]
    pub fn arguments(mut self, arguments: &'s [&'s str]) -> Self {
        self.arguments = arguments;
        self
    }

    /// Its standard input, which may be secret.
    #[must_use]
    pub fn input(mut self, input: &'s [u8]) -> Self {
        self.input = input;
        self
    }

    /// Lets it go on when this process is interrupted.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// Does nothing unless the login is root.
    pub(super) fn as_root(mut self, help: &'static str) -> Self {
        self.as_root = Some(help);
        self
    }

    /// Tells it which of the hosts of a machine it is for.
    pub(super) fn part(mut self, part: Part) -> Self {
        self.part = Some(part);
        self
    }

    /// Whether it has something on its standard input.
    pub fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// What goes to `sh -s`. `root` is the directory that stands for a host, if one does.
    pub(super) fn text(&self, root: Option<&str>) -> Zeroizing<Vec<u8>> {
        let arguments: Vec<String> = self.arguments.iter().map(|argument| quote(argument)).collect();
        let root = root.map_or_else(|| "root=\n".to_owned(), |root| format!("root={}\n{IS_THERE}", quote(root)));
        let part = self.part.map_or(("", ""), |part| (part.program, if part.shares { "yes" } else { "" }));
        let setting = format!("{root}part={} shares={}\nset -- {}\n{BEGIN}", part.0, part.1, arguments.join(" "));
        let input = escaped(self.input);
        let mut pieces: Vec<&[u8]> = vec![HEAD.as_bytes(), setting.as_bytes()];
        if self.as_root.is_some() {
            pieces.push(IS_ROOT.as_bytes());
        }
        if self.has_input() {
            pieces.extend([NO_BUILTIN.as_bytes(), b"printf '", &input, b"' | "]);
        }
        pieces.push(b"(\n");
        pieces.extend(self.parts.iter().flat_map(|part| [part.as_bytes(), b"\n"]));
        pieces.push(if self.has_input() { b")\n" } else { b") </dev/null\n" });
        pieces.push(END.as_bytes());
        // Put together at once: a text that grows leaves copies of what it held.
        Zeroizing::new(pieces.concat())
    }
}

/// Shows no input.
impl fmt::Debug for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = format_args!("{} bytes", self.input.len());
        f.debug_struct("Script").field("arguments", &self.arguments).field("input", &input).finish_non_exhaustive()
    }
}

/// Whether the format of `printf` may hold this byte as it is, between single quotes. A format that
/// begins with `-` would be an option.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\t') && !matches!(byte, b'\\' | b'%' | b'\'' | b'-')
}

/// The bytes as the format of a `printf`.
fn escaped(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut format = Zeroizing::new(Vec::with_capacity(bytes.len().saturating_mul(4)));
    for byte in bytes {
        if is_plain(*byte) {
            format.push(*byte);
        } else {
            format.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
        }
    }
    format
}

/// Whether the script has begun, from what was written to standard output.
pub(super) fn has_begun(stdout: &[u8]) -> bool {
    stdout.windows(BEGUN.len()).any(|window| window == BEGUN)
}

/// The login that is not root, if that kept the script from running.
pub(super) fn login(stdout: &[u8]) -> Option<String> {
    let begin = stdout.windows(BEGUN.len()).position(|window| window == BEGUN)? + BEGUN.len();
    let name = stdout[begin..].strip_prefix(LOGIN)?.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The script's own standard output and its exit status; `None` if it did not come to its end.
pub(super) fn result(stdout: &[u8]) -> Option<(&[u8], i32)> {
    let find = |needle: &[u8]| stdout.windows(needle.len()).position(|window| window == needle);
    let begin = find(BEGUN)? + BEGUN.len();
    let end = stdout.windows(ENDED.len()).rposition(|window| window == ENDED).filter(|end| *end >= begin)?;
    let status = std::str::from_utf8(&stdout[end + ENDED.len()..]).ok()?.strip_suffix('\n')?.parse().ok()?;
    Some((&stdout[begin..end], status))
}
