use std::collections::BTreeSet;

use super::*;

#[test]
fn every_command_has_a_page_with_words_of_its_own() {
    let all = all();
    assert!(all.len() > 20);
    for (name, command) in &all {
        assert!(!command.get_name().contains('-'), "a page of `{name}` would not be found by its words");
        let words = words::of(&name.replace('-', " "));
        assert!(
            command.has_subcommands() && !name.is_empty() || !words.examples.is_empty(),
            "add an example to the page of `{name}`"
        );
        for other in words.see_also {
            assert!(all.iter().any(|(name, _)| name == other), "{name}: {other}");
        }
    }
    let page = named(&["tickets".to_owned(), "rotate".to_owned()]).unwrap();
    assert_eq!(page.name, "sslscale-tickets-rotate");
    assert_eq!(named(&["sslscale-deploy".to_owned()]).unwrap().name, "sslscale-deploy");
    assert_eq!(named(&[]).unwrap().name, "sslscale");
    assert_eq!(named(&["deplo".to_owned()]).unwrap_err().near.as_deref(), Some("deploy"));
}

#[test]
fn every_page_has_the_sections_that_people_look_for() {
    for page in pages() {
        let titles: BTreeSet<&str> = page.sections.iter().map(|(title, _)| *title).collect();
        for title in ["SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"] {
            assert!(titles.contains(title), "{}: {title}", page.name);
        }
        let is_group = titles.contains("COMMANDS") && page.name != "sslscale";
        assert!(is_group || titles.contains("EXIT STATUS") && titles.contains("EXAMPLES"), "{}", page.name);
    }
}

#[test]
fn text_is_no_wider_than_the_terminal_and_roff_no_wider_than_a_line() {
    for page in pages() {
        let shown = text(&page, 80);
        let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(wide, Vec::<&str>::new(), "{}", page.name);
        let source = roff(&page);
        assert!(source.is_ascii());
        // Requests and words of one letter aside, a line of text begins with no dot.
        let known = [".TH", ".SH", ".SY", ".YS", ".PP", ".TP", ".RS", ".RE", ".EX", ".EE"];
        let odd =
            source.lines().filter(|line| line.starts_with(['.', '\'']) && !known.iter().any(|it| line.starts_with(it)));
        assert_eq!(odd.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
