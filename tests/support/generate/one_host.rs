//! Random app servers that are on the host of a balancer.

use super::yaml::Yaml;

/// Gives an app server ports that no balancer has. Where challenges go to a port of haproxy, the inventory is refused.
pub fn beside(app: &mut Yaml, fleet: &Yaml) {
    let number = |port: &str| Yaml::Scalar(port.to_owned());
    let mut own = taken(app, "nginx").unwrap_or_else(|| Yaml::Map(Vec::new()));
    let metrics = taken(&mut own, "metrics").or_else(|| taken(&mut fleet.clone(), "metrics"));
    if let Some(mut metrics) = metrics {
        metrics.put("port", number("9113"));
        own.put("metrics", metrics);
    }
    own.put("port", number("24443"));
    app.put("nginx", own);
}

/// The value of a key, which is removed.
fn taken(map: &mut Yaml, key: &str) -> Option<Yaml> {
    let Yaml::Map(entries) = map else { return None };
    let at = entries.iter().position(|(name, _)| *name == key)?;
    Some(entries.remove(at).1)
}
