//! A shell script with its arguments and its standard input, as one text that any `sh -s` runs.
//!
//! All of it goes over the standard input of `sh`, so that the words of the command are always the
//! same two, `sh -s`: nothing is visible in a list of processes, and they mean the same whether or
//! not a shell on the way splits them again, as it does behind `ssh`.
//!
//! The standard input of the script cannot simply follow its text: dash before 0.5.13 reads ahead,
//! and would take the beginning of the input for itself. So the text holds the input too, as an
//! argument of `printf`, which is a builtin and therefore no process of its own.
//!
//! The text is one compound command. A shell reads such a command to its end before it runs any of
//! it, so a text that a broken connection has cut off does nothing.

use std::fmt;

use zeroize::Zeroizing;

use super::quote;

/// Written to standard output before the script runs: what comes before is not the script's, but
/// for instance that of a login shell.
pub(super) const BEGIN: &[u8] = b"\nsslscale-begin\n";
/// Written after it, before its exit status and a newline. Without it, the script did not end.
pub(super) const END: &[u8] = b"\nsslscale-end ";

/// The programs of a host are looked for here, whatever the login is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A POSIX shell script. It finds the directory that stands for the host's `/` in `$root`, which is
/// empty on a real host.
#[derive(Clone, Copy)]
pub struct Script<'s> {
    pub(super) parts: &'s [&'s str],
    pub(super) arguments: &'s [&'s str],
    pub(super) input: &'s [u8],
    pub(super) detached: bool,
}

impl<'s> Script<'s> {
    /// The script that these parts are one after the other.
    pub fn new(parts: &'s [&'s str]) -> Self {
        Self { parts, arguments: &[], input: &[], detached: false }
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

    /// Whether it has something on its standard input.
    pub fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// What goes to `sh -s`.
    pub(super) fn text(&self, root: &str) -> Zeroizing<Vec<u8>> {
        let arguments: Vec<String> = self.arguments.iter().map(|argument| quote(argument)).collect();
        let mut head = format!(
            "{{\nPATH={PATH} LC_ALL=C\nexport PATH LC_ALL\nunset ENV BASH_ENV CDPATH IFS\n\
             root={}\nset -- {}\nprintf '\\nsslscale-begin\\n'\n",
            quote(root),
            arguments.join(" ")
        );
        let foot = match self.has_input() {
            true => {
                head += "case $(command -v printf) in\nprintf) ;;\n*) echo 'the shell of this host has no builtin \
                         printf, so that others could see its input' >&2\nprintf '\\nsslscale-end 69\\n'\nexit ;;\nesac\n";
                ")\n"
            }
            false => ") </dev/null\n",
        };
        let script: usize = self.parts.iter().map(|part| part.len() + 1).sum();
        // Large enough from the start: a text that grows leaves copies of what it held.
        let mut text = Zeroizing::new(Vec::with_capacity(head.len() + escaped_length(self.input) + script + 200));
        text.extend_from_slice(head.as_bytes());
        if self.has_input() {
            text.extend_from_slice(b"printf '");
            escape(self.input, &mut text);
            text.extend_from_slice(b"' | ");
        }
        text.extend_from_slice(b"(\n");
        for part in self.parts {
            text.extend_from_slice(part.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(foot.as_bytes());
        text.extend_from_slice(b"printf '\\nsslscale-end %d\\n' \"$?\"\nexit 0\n}\n");
        text
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

fn escaped_length(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| if is_plain(*byte) { 1 } else { 4 }).sum()
}

/// The bytes as the format of a `printf`.
fn escape(bytes: &[u8], into: &mut Vec<u8>) {
    for byte in bytes {
        if is_plain(*byte) {
            into.push(*byte);
        } else {
            into.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
        }
    }
}

/// The script's own standard output and its exit status; `None` if it did not come to its end.
pub(super) fn result(stdout: &[u8]) -> Option<(&[u8], i32)> {
    let find = |needle: &[u8]| stdout.windows(needle.len()).position(|window| window == needle);
    let begin = find(BEGIN)? + BEGIN.len();
    let end = stdout.windows(END.len()).rposition(|window| window == END).filter(|end| *end >= begin)?;
    let status = std::str::from_utf8(&stdout[end + END.len()..]).ok()?.strip_suffix('\n')?.parse().ok()?;
    Some((&stdout[begin..end], status))
}
