//! Commands that a user can run after this one, as they are printed.

use std::path::Path;

use crate::cli::ReachArgs;
use crate::report::Again;
use crate::shell::{path, word};

/// Commands about the hosts of an inventory that are reached in this way.
pub fn again(file: &Path, reach: &ReachArgs) -> Again {
    // Standard input is no file: `-` is what the command was given, and `./-` would be another inventory.
    let mut words = if file == Path::new("-") { "-".to_owned() } else { path(file) };
    for (option, path_of) in [("--hosts-file", &reach.hosts_file), ("--roots", &reach.roots)] {
        path_of.iter().for_each(|it| words += &format!(" {option} {}", path(it)));
    }
    Again { file: words, choice: String::new(), same: String::new() }
}

/// Options that choose hosts.
pub fn choice(option: &str, names: &[String]) -> String {
    names.iter().map(|name| format!(" {option} {}", word(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_words_that_were_given() {
        let reach = ReachArgs { hosts_file: None, roots: Some("it's here".into()) };
        let again = again(Path::new("a/fleet.yaml"), &reach);
        assert_eq!(again.file, r"a/fleet.yaml --roots 'it'\''s here'");
        let reach = ReachArgs { hosts_file: None, roots: None };
        assert_eq!(super::again(Path::new("-"), &reach).file, "-");
        assert_eq!(super::again(Path::new("-f"), &reach).file, "./-f");
        assert_eq!(choice("--without", &["a".to_owned(), "b".to_owned()]), " --without a --without b");
    }
}
