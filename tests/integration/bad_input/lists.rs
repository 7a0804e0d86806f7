//! Long lists: one that nobody needs is refused before its items are read, and advice on misspelt
//! names ends after a bounded number of comparisons. Work is counted here, not time.

use sslscale::diagnostic::Diagnostic;
use sslscale::inventory::check;
use sslscale::source::Source;

use super::BLOG;

fn found(text: String) -> Vec<Diagnostic> {
    check(&Source::new("inventory.yaml", text)).diagnostics
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..count).map(item).collect::<Vec<_>>().join(", "))
}

/// The blog's inventory with a list in one of its keys.
fn with(key: &str, list: &str) -> String {
    match key {
        "allow" | "deny" => format!("{BLOG}lint: {{ {key}: {list} }}\n"),
        "ssl_certificate" | "ssl_certificate_key" => {
            let file = if key == "ssl_certificate" { "ssl.crt" } else { "ssl.key" };
            BLOG.replace(&format!("{key}: /etc/ssl/example/{file}"), &format!("{key}: {list}"))
        }
        "ssl_certificate_source" => BLOG.replace("    locations:", &format!("    {key}: {list}\n    locations:")),
        _ => format!("{BLOG}nginx: {{ {key}: {list} }}\n"),
    }
}

#[test]
fn a_list_that_is_too_long_is_one_mistake() {
    for (key, most) in [
        ("ssl_protocols", 16),
        ("ssl_ciphers", 256),
        ("ssl_ecdh_curve", 128),
        ("allow", 256),
        ("deny", 256),
        ("ssl_certificate", 16),
        ("ssl_certificate_key", 16),
        ("ssl_certificate_source", 16),
    ] {
        // Every item is wrong: those of a list that is too long are not looked at.
        let refused = |count| found(with(key, &list(count, |index| format!("\"a*{index}\""))));
        let longest = refused(most);
        assert!(longest.iter().filter(|it| it.message.contains("a*")).count() == most, "{key}: {longest:?}");
        for count in [most + 1, 100_000] {
            let long = refused(count);
            assert!(long.iter().all(|it| !it.message.contains("a*")), "{key}: {long:?}");
            let reports: Vec<_> = long.iter().filter(|it| it.code.id == "IN06").collect();
            assert_eq!(reports.len(), 1, "{key}: {long:?}");
            assert!(reports[0].help.contains(&most.to_string()), "{key}: {long:?}");
        }
    }
}

#[test]
fn advice_on_misspelt_names_is_bounded() {
    let hosts: String =
        (0..300).map(|it| format!("  - {{ name: server{it}, address: 10.1.{}.{} }}\n", it / 200, it % 200)).collect();
    let members = list(2_000, |index| format!("serer{}", index % 300));
    let pools = format!("pools:\n  - {{ name: web, app_servers: {members} }}\nsites:");
    let text = BLOG.replace("app_servers:\n", &format!("app_servers:\n{hosts}")).replace("sites:", &pools);
    let found = found(text);
    let unknown: Vec<_> = found.iter().filter(|it| it.code.id == "IN07").collect();
    assert_eq!(unknown.len(), 2_000);
    // 200,000 comparisons with 302 names, and as many again to see whether the nearest is the only one.
    let advised = unknown.iter().filter(|it| it.help.starts_with("did you mean")).count();
    assert!((300..=662).contains(&advised), "{advised}");
}
