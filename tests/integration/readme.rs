//! The README says what the code says.

use std::fs;

use crate::generated::generated;
use crate::support::{Sslscale, repository};

#[test]
fn the_inventory_reference_is_that_of_the_code() {
    generated("reference", &sslscale::inventory::reference::markdown());
}

#[test]
fn the_smallest_inventory_is_shown_whole() {
    let text = fs::read_to_string(repository().join("README.md")).unwrap();
    let blog = fs::read_to_string(repository().join("inventories/blog.yaml")).unwrap();
    assert!(text.contains(&format!("```yaml\n{blog}```\n")));
}

#[test]
fn every_command_is_in_the_readme() {
    let text = fs::read_to_string(repository().join("README.md")).unwrap();
    let help = Sslscale::new(&["--help"]).run().stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(text.contains(&format!("| `sslscale {command} ")), "{command}");
    }
}
