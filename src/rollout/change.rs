//! Scripts that change a host, and report what became of it.

use super::outcome::{Outcome, Reason};
use super::query::QueryError;
use crate::transport::{Host, Limits, Protected, Script};

/// What programs write where a file system is full: scripts speak English.
const FULL: &str = "No space left on device";

/// What became of a host on which a script with [`super::shell::RESULT`] ran. An interrupt ends neither the script nor
/// what leads to the host.
pub fn change(host: &dyn Host, script: &Script<'_>, limits: Limits) -> Outcome {
    let _to_its_end = Protected::begin();
    let done = match host.run(script, limits) {
        Ok(done) => done,
        Err(error) => {
            let nothing_ran = error.nothing_ran();
            let reason = Reason::from(&QueryError::Transport(error));
            return if nothing_ran { Outcome::Untouched(reason) } else { Outcome::Unknown(reason) };
        }
    };
    let text = String::from_utf8_lossy(&done.stdout);
    let result = text.lines().next_back().and_then(|line| line.strip_prefix("sslscale-result "));
    let (word, why) = result.map_or(("", ""), |result| result.split_once(": ").unwrap_or((result, "")));
    let reason = |why: &str| {
        let reason = Reason::from_host(why, done.stderr.clone());
        let full = why.contains(FULL) || done.stderr.lines().iter().any(|line| line.contains(FULL));
        if full {
            reason.with_help("make room on the host: `df -h` there shows which file system is full")
        } else {
            reason
        }
    };
    match word {
        "done" if why.is_empty() => Outcome::Done,
        "untouched" => Outcome::Untouched(reason(why)),
        "overtaken" => Outcome::Overtaken(reason(why)),
        "undone" => Outcome::Undone(reason(why)),
        "unknown" => Outcome::Unknown(reason(why)),
        _ => Outcome::Unknown(reason(&format!("the script reported no result (exit code {})", done.status))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::query::query;
    use super::super::shell;
    use super::*;
    use crate::transport::{Command, HostText};

    const LIMITS: Limits = Limits::new(Duration::from_secs(60), 1024);

    fn reached_by(words: &[&str]) -> Command {
        Command::new("srv1", words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn changed(text: &str) -> Outcome {
        change(&reached_by(&["env"]), &Script::new(&[shell::RESULT, text]), LIMITS)
    }

    #[test]
    fn a_result_is_the_last_line_and_nothing_else() {
        assert_eq!(changed("echo noise; finish 'done'"), Outcome::Done);
        let described = |text: &str| match changed(text) {
            Outcome::Untouched(reason) => ("untouched", reason.to_string()),
            Outcome::Overtaken(reason) => ("overtaken", reason.to_string()),
            Outcome::Undone(reason) => ("undone", reason.to_string()),
            Outcome::Unknown(reason) => ("unknown", reason.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(described("finish 'untouched: the disk: full'"), ("untouched", "the disk: full".to_owned()));
        assert_eq!(described("echo why >&2; finish 'undone: no'"), ("undone", "no\nwhy".to_owned()));
        assert_eq!(described("finish 'overtaken: by another run'"), ("overtaken", "by another run".to_owned()));
        assert_eq!(described("finish 'unknown: no'"), ("unknown", "no".to_owned()));
        let none = |code: i32| ("unknown", format!("the script reported no result (exit code {code})"));
        for (text, code) in [
            ("", 0),
            ("exit 4", 4),
            ("finish 'done: but'", 0),
            ("finish sure", 0),
            ("(finish 'done'); echo more; exit 3", 3),
            ("echo 'sslscale-result'", 0),
        ] {
            assert_eq!(described(text), none(code), "{text}");
        }
    }

    #[test]
    fn only_what_never_started_is_known_to_be_untouched() {
        let script = Script::new(&[shell::RESULT]);
        let outcome = |words: &[&str]| change(&reached_by(words), &script, LIMITS);
        assert!(matches!(outcome(&["no-such-program"]), Outcome::Untouched(reason)
            if reason.summary() == "`no-such-program` could not be started: No such file or directory (os error 2)"));
        assert!(matches!(outcome(&["sh", "-c", "echo gone >&2; exit 255"]), Outcome::Unknown(reason)
            if reason.to_string() == "the connection to the host was lost (exit code 255)\ngone"));
    }

    #[test]
    fn a_query_gives_what_was_written_or_why_not() {
        let queried = |text: &str| query(&reached_by(&["env"]), &Script::new(&[text]), LIMITS);
        assert_eq!(*queried("echo a").unwrap(), b"a\n");
        let failed = queried("echo half; echo no >&2; exit 77").unwrap_err();
        assert_eq!(Reason::from(&failed).to_string(), "the script ended with exit code 77\nno");
        let lost = query(&reached_by(&["false"]), &Script::new(&[]), LIMITS).unwrap_err();
        assert_eq!(Reason::from(&lost).to_string(), "the command that reaches the host ended early (exit code 1)");
        let answer = QueryError::Answer { problem: "nonsense", text: HostText::new(b"x") };
        assert_eq!(Reason::from(&answer).to_string(), "nonsense\nx");
    }

    #[test]
    fn a_broken_connection_does_not_stop_a_change() {
        let text = "me=$(exec sh -c 'echo $PPID'); kill -HUP $me; kill -INT $me; kill -PIPE $me; kill -TERM $me";
        assert_eq!(changed(&format!("{text}; finish 'done'")), Outcome::Done);
        // Without the trap, these end it.
        let untrapped = [text, "echo 'sslscale-result done'"];
        assert_ne!(change(&reached_by(&["env"]), &Script::new(&untrapped), LIMITS), Outcome::Done);
    }
}
