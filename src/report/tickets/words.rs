//! Sentences about ticket rings: what to do after a run, and what has a number in it.

use crate::count::{agreeing, several};
use crate::tickets::{self, Halt, RETIREMENT, Rollout, StepError};

/// What the loser of two runs has to do.
pub fn overtaken(file: &str) -> String {
    format!(
        "another run is changing the keys: wait until it has ended, and look at `sslscale tickets status {file}`; do not \
         rotate again for this"
    )
}

/// How many hosts a help names.
const SHOWN: usize = 8;

/// What to do after a run that stopped. `file` is the inventory, as commands name it.
pub fn after(halt: &Halt, run: &Rollout, app_servers: usize, file: &str) -> String {
    let changed = run.steps.iter().any(|step| step.done().next().is_some());
    let help = match (halt, changed) {
        (Halt::Unprepared(StepError::TooSoon { seconds, .. }), _) => {
            let due = duration(RETIREMENT.saturating_sub(*seconds));
            return format!("rotate again in {due}; to delete the key now and end these sessions, add `--early`");
        }
        (Halt::Unprepared(StepError::NoRing), _) => {
            "run this without `--without` when all app servers can be reached, or remove those that do not come back \
             from the inventory"
        }
        (Halt::Unreachable(hosts), false) if hosts.iter().any(tickets::is_busy) => return overtaken(file),
        (Halt::Unreachable(hosts), false) => {
            let without: Vec<String> =
                hosts.iter().take(SHOWN).map(|host| format!("--without {}", host.host)).collect();
            let again = format!(
                "nothing was changed; fix the {} and run again",
                agreeing(hosts.len(), "error above", "errors above")
            );
            // Somebody has to be left.
            let or =
                if hosts.len() == app_servers { String::new() } else { format!(", or add `{}`", without.join(" ")) };
            return again + &or;
        }
        (Halt::Interrupted, false) => "nothing was changed; run the same command again",
        (Halt::Interrupted, true) => {
            return format!("run `sslscale tickets sync {file}` to give the other app servers the same keys");
        }
        (_, false) => "nothing was changed; fix the error above and run again",
        (_, true) => "the next step was not started; fix the error above and run again",
    };
    help.to_owned()
}

/// What happens to app servers that a run has left out.
pub fn left_out(hosts: &[String], file: &str) -> String {
    let (are, they) = (agreeing(hosts.len(), "is", "are"), agreeing(hosts.len(), "it", "they"));
    format!(
        "note: {} {are} left out: from the second rotation that an app server misses, it and the others cannot resume \
         each other's sessions; run `sslscale tickets sync {file}` as soon as {they} {} back",
        hosts.join(", "),
        agreeing(hosts.len(), "is", "are")
    )
}

pub fn agree(count: usize) -> String {
    let has = agreeing(count, "has a complete ticket ring", "have the same keys");
    format!("{} {has}", several(count, "app server"))
}

pub fn problems(wrong: usize, all: usize) -> String {
    match all {
        1 => "the app server has problems".to_owned(),
        _ => format!("{wrong} of {} {} problems", several(all, "app server"), agreeing(wrong, "has", "have")),
    }
}

/// In the one or two largest units.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn several_of<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_owned).to_vec()
    }

    #[test]
    fn numbers_and_words_agree() {
        assert_eq!(
            [0, 1, 2].map(agree),
            [
                "0 app servers have the same keys",
                "1 app server has a complete ticket ring",
                "2 app servers have the same keys"
            ]
        );
        assert_eq!(
            [(1, 1), (0, 2), (1, 2), (2, 2)].map(|(wrong, all)| problems(wrong, all)),
            [
                "the app server has problems",
                "0 of 2 app servers have problems",
                "1 of 2 app servers has problems",
                "2 of 2 app servers have problems"
            ]
        );
        let note = |hosts: Vec<String>| left_out(&hosts, "a.yaml");
        assert!(note(several_of(["srv1"])).starts_with("note: srv1 is left out: "));
        assert!(note(several_of(["srv1"])).ends_with(" as soon as it is back"));
        assert!(note(several_of(["srv1", "srv2"])).starts_with("note: srv1, srv2 are left out: "));
        assert!(note(several_of(["srv1", "srv2"])).ends_with(" as soon as they are back"));
    }

    #[test]
    fn durations() {
        let shown = [0, 59, 60, 3599, 3600, 86_399, 86_400, 180_000].map(duration);
        assert_eq!(shown, ["0 s", "59 s", "1 min", "59 min", "1 h 0 min", "23 h 59 min", "1 d 0 h", "2 d 2 h"]);
    }
}
