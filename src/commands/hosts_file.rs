//! The text of a hosts file, and what can be wrong with it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::anyhow;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Error, Value};

use super::CommandError;
use crate::file;
use crate::visible::visible;

/// An entry for a host, as a user could write it.
pub fn entry(name: &str) -> String {
    format!("`\"{name}\": [\"ssh\", \"root@{name}\"]`")
}

/// The words of each command, by host. `example` is a host for messages.
pub fn read(path: &Path, example: &str) -> Result<BTreeMap<String, Vec<String>>, CommandError> {
    let shown = path.display();
    let text = file::read(path, file::TEXT).map_err(|error| {
        let help = error.help();
        let message = format!("the hosts file `{shown}` cannot be read");
        CommandError::from(anyhow::Error::from(error).context(message)).hint(help)
    })?;
    let refused = |problem: &str| CommandError::from(anyhow!("the hosts file `{shown}` {problem}"));
    let commands: BTreeMap<String, Value> = serde_json::from_slice(&text).map_err(|error| {
        let help = format!("write it like this: `{{\"{example}\": [\"ssh\", \"root@{example}\"]}}`");
        let is_empty = text.trim_ascii().is_empty();
        refused(&if is_empty { "is empty".to_owned() } else { malformed(&error) }).hint(help)
    })?;
    let unique: Result<BTreeMap<String, IgnoredAny>, Error> = file::unique(&mut Deserializer::from_slice(&text));
    if let Err(error) = unique {
        return Err(refused(&twice(&text, &error)).hint("remove one of the two entries"));
    }
    let command = |(name, value): (String, Value)| match serde_json::from_value(value) {
        Ok(words) => Ok((name, words)),
        Err(_) => {
            let problem = format!("has a command for `{}` that is not a list of words", visible(&name));
            Err(refused(&problem).hint(format!("write it like this: {}", entry(example))))
        }
    };
    commands.into_iter().map(command).collect()
}

/// Why the text is not a JSON object.
fn malformed(error: &Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Data => "is not a JSON object".to_owned(),
        serde_json::error::Category::Eof => format!("is not JSON: it ends too early, at {place}"),
        _ => format!("is not JSON: {} at {place}", text.split(" at line ").next().unwrap_or_default()),
    }
}

/// Which host is listed twice, and where. The parser stopped between its second name and the colon.
fn twice(text: &[u8], error: &Error) -> String {
    let lines = text.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let stopped = lines.map(<[u8]>::len).sum::<usize>() + error.column();
    let name = || {
        let before = text.get(..stopped)?;
        let end = before.iter().rposition(|byte| *byte == b'"')?;
        let quotes = (0..end).rev().filter(|at| before[*at] == b'"');
        // A quote after an odd number of backslashes is part of the name.
        let backslashes = |at: usize| before[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        let start = quotes.into_iter().find(|at| backslashes(*at) % 2 == 0)?;
        let name: String = serde_json::from_slice(before.get(start..=end)?).ok()?;
        let line = before[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before[..start].iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Some(format!("lists `{}` twice: the second entry is at line {line}, column {column}", visible(&name)))
    };
    name().unwrap_or_else(|| format!("lists a host twice, at line {}", error.line()))
}
