//! What is shipped for Prometheus and Grafana: promtool reads it, each alert fires where it should, and every expression is
//! one of Prometheus. `served::metrics` compares the names with those that haproxy and an exporter of nginx tell.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{need, repository};

const ALERTS: &str = "docs/monitoring/alerts.yml";

#[test]
fn promtool_reads_the_alerts_and_they_fire_where_they_should() {
    if !need::programs(&["promtool"]) {
        return;
    }
    for words in [
        ["check", "rules", ALERTS],
        ["check", "config", "docs/monitoring/prometheus.yml"],
        ["test", "rules", "tests/fixtures/alerts_test.yml"],
    ] {
        let output = Command::new("promtool").args(words).current_dir(repository()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
    // All alerts have been tried, and a changed one is noticed.
    let [alerts, tests] =
        [ALERTS, "tests/fixtures/alerts_test.yml"].map(|name| fs::read_to_string(repository().join(name)).unwrap());
    for name in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(tests.contains(&format!("alertname: {name} }}")), "{name} is nowhere silent");
        assert!(tests.contains(&format!("alertname=\"{name}\"")), "{name} fires nowhere");
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("alerts.yml"), alerts.replace("< 0.51 *", "< 0.26 *")).unwrap();
    fs::write(dir.path().join("test.yml"), tests.replace("../../docs/monitoring/", "")).unwrap();
    let output = Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(dir.path()).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn the_dashboard_asks_what_prometheus_understands() {
    if !need::programs(&["promtool"]) {
        return;
    }
    let text = fs::read_to_string(repository().join("docs/monitoring/grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids: Vec<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), panels.len());
    let targets =
        panels.iter().filter_map(|panel| panel.get("targets")).flat_map(|targets| targets.as_array().unwrap());
    let asked: Vec<&Value> = targets.chain(dashboard["annotations"]["list"].as_array().unwrap()).collect();
    assert!(asked.len() > 20, "{}", asked.len());
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, target) in asked.iter().enumerate() {
        assert_eq!(target["datasource"]["uid"], "${datasource}", "{target}");
        let mut expr = target["expr"].as_str().unwrap().to_owned();
        for (variable, value) in [("$__rate_interval", "5m"), ("$balancer", ".*"), ("$pool", ".*")] {
            expr = expr.replace(variable, value);
        }
        assert!(!expr.contains('$'), "{expr}");
        rules +=
            &format!("      - {{ record: \"asked:{number}\", expr: {} }}\n", serde_json::to_string(&expr).unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    let accepts = |rules: &str| {
        fs::write(dir.path().join("rules.yml"), rules).unwrap();
        Command::new("promtool").args(["check", "rules", "rules.yml"]).current_dir(dir.path()).output().unwrap()
    };
    let output = accepts(&rules);
    assert!(output.status.success(), "{output:?}");
    assert!(!accepts(&rules.replacen("rate(", "rat(", 1)).status.success());
}
