//! The revision that nginx tells its own host.

use sslscale::inventory::check;
use sslscale::inventory::types::REVISION_NAME;
use sslscale::render::{NGINX_CONF, Templates, render};
use sslscale::source::Source;

use super::BLOG;

/// nginx's main file of the first app server and what it tells of its revision.
fn revision_of(yaml: &str) -> (String, Vec<String>) {
    let inventory = check(&Source::new("inventory.yaml", yaml)).inventory.unwrap();
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let (_, entries) = tree.hosts().find(|(host, _)| *host == "srv1").unwrap();
    let entry = entries.iter().find(|entry| &*entry.path == NGINX_CONF).unwrap();
    let text = String::from_utf8(entry.content.bytes.clone()).unwrap();
    let told = text.lines().filter_map(|line| line.trim().strip_prefix("return 200 \"")?.strip_suffix(" $pid\\n\";"));
    let told = told.map(str::to_owned).collect();
    (text.lines().nth(1).unwrap().trim_start_matches("# Revision ").to_owned(), told)
}

#[test]
fn nginx_tells_a_revision_that_changes_with_each_of_its_files() {
    let revisions = ["", "nginx: { http2: false }\n", "nginx: { worker_shutdown_timeout: 2h }\n"].map(|more| {
        let (revision, told) = revision_of(&format!("{BLOG}{more}"));
        assert_eq!(told, [revision.as_str()], "{more}");
        assert!(revision.len() == 12 && revision.bytes().all(|it| it.is_ascii_hexdigit()), "{revision}");
        revision
    });
    assert!(revisions[0] != revisions[1] && revisions[0] != revisions[2] && revisions[1] != revisions[2]);
    // What looks like a revision that is not known yet is a value like any other.
    let zeros = BLOG.replace("uwsgi_pass: \"unix:/run/app/app.sock\"", "uwsgi_pass: \"unix:/run/000000000000\"");
    assert_ne!(zeros, BLOG);
    let (revision, told) = revision_of(&zeros);
    assert_eq!(told, [revision]);
}

#[test]
fn no_site_has_the_name_by_which_nginx_tells_its_revision() {
    for (name, codes) in
        [(REVISION_NAME, vec!["IN06"]), ("Revision.sslscale.INVALID", vec!["IN06"]), ("\"*.sslscale.invalid\"", vec![])]
    {
        let named = BLOG.replace("server_name: example.com", &format!("server_name: {name}"));
        assert_ne!(named, BLOG);
        let checked = check(&Source::new("inventory.yaml", &named));
        assert_eq!(checked.diagnostics.iter().map(|it| it.code.id).collect::<Vec<_>>(), codes, "{name}");
    }
}
