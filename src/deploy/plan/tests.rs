use std::sync::Arc;

use super::*;
use crate::deploy::{Facts, Release, Unit};
use crate::tree::Content;

const PATH: &str = "/etc/haproxy/haproxy.cfg";
const UNIT: &str = "/etc/systemd/system/haproxy.service.d/sslscale.conf";

fn entry(path: &str, text: &str) -> Entry {
    Entry { path: path.into(), content: Arc::new(Content::new(text.as_bytes().to_vec())) }
}

/// A host that runs haproxy and has these files.
struct Host {
    seen: Observation,
    contents: BTreeMap<String, Vec<u8>>,
}

impl Host {
    fn with(files: &[(&str, &str)]) -> Self {
        let found = |text: &str| Found {
            mode: 0o644,
            owner: "root:root".to_owned(),
            sha256: Content::new(text.as_bytes().to_vec()).sha256,
        };
        let unit = Some(Unit { active: "active".to_owned(), enabled: "enabled".to_owned() });
        let mut seen = Observation { unit, package: Some("3.0".to_owned()), ..Observation::default() };
        let mut contents = BTreeMap::new();
        for (path, text) in files {
            seen.files.insert((*path).to_owned(), FileKind::Regular(found(text)));
            contents.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        Self { seen, contents }
    }

    fn managed(mut self, path: &str, text: &str) -> Self {
        self.seen.managed.insert(path.to_owned(), Content::new(text.as_bytes().to_vec()).sha256);
        self
    }

    fn plan(&self, wanted: &[Entry], adopt: bool) -> HostPlan {
        plan(wanted, Live { seen: &self.seen, contents: &self.contents }, adopt)
    }

    fn kinds(&self, wanted: &[Entry]) -> Vec<ChangeKind> {
        self.plan(wanted, true).changes.iter().map(|change| change.kind).collect()
    }
}

#[test]
fn whose_file_it_is() {
    let wanted = [entry(PATH, "new")];
    assert!(Host::with(&[(PATH, "new")]).plan(&wanted, false).is_empty());
    assert_eq!(Host::with(&[]).kinds(&wanted), [ChangeKind::Create]);
    assert_eq!(Host::with(&[(PATH, "old")]).managed(PATH, "old").kinds(&wanted), [ChangeKind::Update]);
    assert_eq!(Host::with(&[(PATH, "edited")]).managed(PATH, "old").kinds(&wanted), [ChangeKind::Overwrite]);
    assert_eq!(Host::with(&[(PATH, "# Rendered by sslscale; x\nold")]).kinds(&wanted), [ChangeKind::Update]);
    let mut stock = Host::with(&[(PATH, "global")]);
    stock.seen.stock.insert(PATH.to_owned());
    assert_eq!(stock.kinds(&wanted), [ChangeKind::TakeOver]);
    let foreign = Host::with(&[(PATH, "# Managed by another tool")]);
    assert_eq!(foreign.kinds(&wanted), [ChangeKind::Adopt]);
    let refused = foreign.plan(&wanted, false);
    assert_eq!((refused.changes.len(), refused.problems), (1, vec![Problem::Foreign(PATH.to_owned())]));
    let mut link = Host::with(&[]);
    link.seen.files.insert(PATH.to_owned(), FileKind::Link);
    assert_eq!(link.plan(&wanted, true).problems, [Problem::NotAFile(PATH.to_owned())]);
}

/// A file of the last release that another tool has replaced was taken for one with edits, and replaced.
#[test]
fn a_file_of_the_last_release_that_is_not_ours_any_more_is_somebody_elses() {
    const OURS: &str = "# Rendered by sslscale; x\nold";
    let wanted = [entry(PATH, "# Rendered by sslscale; x\nnew")];
    let host = |text: &str| Host::with(&[(PATH, text)]).managed(PATH, OURS);
    assert_eq!(host(OURS).kinds(&wanted), [ChangeKind::Update]);
    assert_eq!(host("# Rendered by sslscale; x\nedited").kinds(&wanted), [ChangeKind::Overwrite]);
    for other in ["# managed by another tool\nold", "old", ""] {
        assert_eq!(host(other).kinds(&wanted), [ChangeKind::Adopt], "{other}");
        assert_eq!(host(other).plan(&wanted, false).problems, [Problem::Foreign(PATH.to_owned())]);
        // Nor is it removed.
        assert!(host(other).plan(&[], false).changes.is_empty(), "{other}");
    }
    assert_eq!(host("# Rendered by sslscale; x\nedited").kinds(&[]), [ChangeKind::Discard]);
    let mut stock = host("global");
    stock.seen.stock.insert(PATH.to_owned());
    assert_eq!(stock.kinds(&wanted), [ChangeKind::TakeOver]);
    // A certificate has no such line.
    assert_eq!(
        Host::with(&[("/a.crt", "b")]).managed("/a.crt", "a").kinds(&[entry("/a.crt", "c")]),
        [ChangeKind::Overwrite]
    );
}

#[test]
fn what_is_not_rendered_any_more_goes_and_nothing_else() {
    let host = Host::with(&[(PATH, "new"), ("/etc/old", "old"), ("/etc/other", "x")]).managed("/etc/old", "old");
    let plan = host.plan(&[entry(PATH, "new")], false);
    assert_eq!(plan.changes, [Change { path: "/etc/old".to_owned(), kind: ChangeKind::Remove }]);
    // A link that somebody has put there is not followed, nor removed.
    let mut linked = Host::with(&[(PATH, "new")]).managed("/etc/old", "old");
    linked.seen.files.insert("/etc/old".to_owned(), FileKind::Link);
    assert!(linked.plan(&[entry(PATH, "new")], false).is_empty());
    let gone = Host::with(&[(PATH, "new")]).managed("/etc/old", "old");
    assert!(gone.plan(&[entry(PATH, "new")], false).is_empty());
}

#[test]
fn a_mode_or_an_owner_is_put_right_with_a_reload_where_nginx_would_count_as_outdated() {
    let acts = |path: &str| {
        let mut host = Host::with(&[(path, "new")]);
        let sha256 = entry(path, "new").content.sha256.clone();
        let found = Found { mode: 0o600, owner: "root:root".to_owned(), sha256 };
        host.seen.files.insert(path.to_owned(), FileKind::Regular(found));
        let plan = host.plan(&[entry(path, "new")], false);
        assert_eq!(plan.changes[0].kind, ChangeKind::Attributes);
        plan.actions
    };
    assert_eq!(acts(PATH), []);
    // Its inode has changed since nginx was started.
    assert_eq!(acts("/etc/nginx/modules-enabled/90-sslscale.conf"), [Action::Reload]);
}

#[test]
fn a_reload_or_a_restart() {
    let unit = |limit: &str| entry(UNIT, &format!("[Service]\nLimitNOFILE={limit}\n"));
    let text = |limit: &str| format!("[Service]\nLimitNOFILE={limit}\n");
    let actions = |old: &[(&str, &str)], new: &[Entry]| Host::with(old).plan(new, true).actions;
    assert_eq!(actions(&[(PATH, "old")], &[entry(PATH, "new")]), [Action::Reload]);
    assert_eq!(
        actions(&[(PATH, "old")], &[entry(PATH, "new"), unit("9216:524288")]),
        [Action::DaemonReload, Action::Reload]
    );
    let old = text("9216:524288");
    assert_eq!(
        actions(&[(PATH, "a"), (UNIT, &old)], &[entry(PATH, "a"), unit("10240:524288")]),
        [Action::DaemonReload]
    );
    assert_eq!(
        actions(&[(PATH, "a"), (UNIT, &old)], &[entry(PATH, "a"), unit("600000:600000")]),
        [Action::DaemonReload, Action::Restart]
    );
    let mut stopped = Host::with(&[(PATH, "a")]);
    stopped.seen.unit = Some(Unit { active: "inactive".to_owned(), enabled: "enabled".to_owned() });
    assert_eq!(stopped.plan(&[entry(PATH, "a")], false).actions, [Action::Start]);
}

#[test]
fn a_program_that_runs_another_revision_is_reloaded() {
    let text = "global\n    description sslscale 0123456789ab\n";
    let mut host = Host::with(&[(PATH, text)]);
    host.seen.running = Some("0123456789ab".to_owned());
    assert!(host.plan(&[entry(PATH, text)], false).is_empty());
    host.seen.running = Some("ba9876543210".to_owned());
    assert_eq!(host.plan(&[entry(PATH, text)], false).actions, [Action::Reload]);
}

/// Somebody has loaded an edit and put the file back.
#[test]
fn a_program_that_has_not_loaded_a_file_that_is_right_is_reloaded() {
    for (unread, right, actions) in [
        (PATH, "a", vec![Action::Reload]),
        // It is not ours.
        ("/etc/nginx/nginx.conf", "a", vec![]),
        // It is written again, and that is loaded.
        (PATH, "b", vec![Action::Reload]),
    ] {
        let mut host = Host::with(&[(PATH, "a"), ("/etc/nginx/nginx.conf", "a")]).managed(PATH, "a");
        host.seen.facts = Some(Facts { unread: vec![unread.to_owned()], ..Facts::default() });
        assert_eq!(host.plan(&[entry(PATH, right)], false).actions, actions, "{unread} {right}");
    }
}

#[test]
fn a_plan_for_some_files_leaves_the_others_alone() {
    const PAIR: [&str; 2] = ["/etc/ssl/a.crt", "/etc/ssl/a.key"];
    let files = [(PATH, "edited"), (UNIT, "edited"), (PAIR[0], "old"), (PAIR[1], "old"), ("/etc/gone", "x")];
    let mut host = files.iter().fold(Host::with(&files), |host, (path, _)| host.managed(path, "old"));
    let kept = |host: &Host, pair: &str| {
        let wanted = [PATH, UNIT].map(|path| entry(path, "new")).into_iter();
        let wanted: Vec<Entry> = wanted.chain(PAIR.map(|path| entry(path, pair))).collect();
        let mut plan = host.plan(&wanted, false);
        assert!(plan.changes.len() >= 2, "{plan:?}");
        plan.keep_only(&PAIR.map(str::to_owned).into());
        let changes: Vec<String> = plan.changes.iter().map(|change| change.path.clone()).collect();
        (changes, plan.actions.clone(), plan.problems.clone())
    };
    assert_eq!(kept(&host, "new"), (PAIR.map(str::to_owned).to_vec(), vec![Action::Reload], vec![]));
    assert_eq!(kept(&host, "old"), (vec![], vec![], vec![]));
    host.seen.unit = Some(Unit { active: "inactive".to_owned(), enabled: "enabled".to_owned() });
    assert_eq!(kept(&host, "new").1, []);
    host.seen.missing_tools.push("flock".to_owned());
    assert_eq!((kept(&host, "new").2.len(), kept(&host, "old").2.len()), (1, 0));
}

#[test]
fn a_host_without_the_program_or_a_tool_is_not_begun() {
    let mut host = Host::with(&[]);
    host.seen.package = None;
    host.seen.missing_tools.push("flock".to_owned());
    let problems = host.plan(&[], false).problems;
    assert_eq!(problems, [Problem::NotInstalled, Problem::NoTool("flock".to_owned())]);
}

#[test]
fn a_host_that_is_something_else_by_its_last_release_is_not_begun() {
    let nginx = "/etc/nginx/conf.d/sslscale.conf";
    let release = |id: &str| Some(Release { id: id.to_owned(), time: 0 });
    let mut host = Host::with(&[(nginx, "")]).managed(nginx, "");
    let problems = |host: &Host, path: &str| host.plan(&[entry(path, "")], false).problems;
    host.seen.release = release("0123456789ab");
    assert_eq!(problems(&host, PATH), [Problem::OtherRole(Role::AppServer)]);
    assert_eq!(problems(&host, nginx), []);
    host.seen.release = release(BEFORE);
    assert_eq!(problems(&host, PATH), []);
    let mut host = Host::with(&[(PATH, "")]).managed(PATH, "");
    host.seen.release = release("0123456789ab");
    assert_eq!(problems(&host, nginx), [Problem::OtherRole(Role::Balancer)]);
}

#[test]
fn nginx_that_runs_another_revision_reads_its_files_again() {
    let conf = "# Head\nserver {\n    listen 443 ssl;\n    server_name revision.sslscale.invalid;\n    location = / {\n        \
                return 200 \"0123456789ab $pid\\n\";\n    }\n}\n";
    let path = "/etc/nginx/conf.d/sslscale.conf";
    let mut host = Host::with(&[(path, conf)]);
    for (running, actions) in
        [(None, vec![]), (Some("0123456789ab"), vec![]), (Some("ba9876543210"), vec![Action::Reload])]
    {
        host.seen.running = running.map(str::to_owned);
        assert_eq!(host.plan(&[entry(path, conf)], false).actions, actions, "{running:?}");
    }
}
