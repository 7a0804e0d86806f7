//! The README's generated parts are generated. `SSLSCALE_BLESS=1` writes them anew.

use std::fs;

use crate::support::{Sslscale, repository};

/// The text between `<!-- name -->` and `<!-- /name -->` must be `wanted`.
fn generated(name: &str, wanted: &str) {
    let path = repository().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let start = text.find(&open).expect("the opening marker") + open.len();
    let end = text.find(&close).expect("the closing marker");
    let wanted = format!("\n{wanted}\n");
    if std::env::var_os("SSLSCALE_BLESS").is_some() {
        fs::write(&path, format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert_eq!(&text[start..end], wanted, "run this test with SSLSCALE_BLESS=1 to write it anew");
}

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
