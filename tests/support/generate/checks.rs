//! What health checks over HTTP ask for, which depends on the names of the sites.

use super::yaml::Yaml;

/// The same with what HTTP checks ask of every second pool, where the fleet makes such checks, or of
/// the only pool that there is.
pub fn checked(haproxy: Yaml, pools: Option<Yaml>, sites: &[Yaml]) -> (Yaml, Option<Yaml>) {
    let text = |yaml: &Yaml| match yaml {
        Yaml::Scalar(text) => Some(text.clone()),
        Yaml::List(items) => items.iter().find_map(|item| match item {
            Yaml::Scalar(text) => Some(text.clone()),
            _ => None,
        }),
        Yaml::Map(_) => None,
    };
    let key = |yaml: &Yaml, name: &str| match yaml {
        Yaml::Map(entries) => entries.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()),
        _ => None,
    };
    let kind = key(&haproxy, "check").and_then(|check| key(&check, "type")).and_then(|kind| text(&kind));
    if kind.as_deref() != Some("http") {
        return (haproxy, pools);
    }
    let host = |pool: Option<&String>| {
        let of_pool = |site: &&Yaml| pool.is_none() || key(site, "pool").and_then(|it| text(&it)).as_ref() == pool;
        let names = sites.iter().filter(of_pool).filter_map(|site| text(&key(site, "server_name")?));
        names.into_iter().find(|name| !name.starts_with('*')).map(|name| ("host", Yaml::Scalar(name)))
    };
    let Some(Yaml::List(pools)) = pools else {
        let Yaml::Map(mut keys) = haproxy else { unreachable!("a section is a mapping") };
        for (_, check) in keys.iter_mut().filter(|(key, _)| *key == "check") {
            let Yaml::Map(check) = check else { unreachable!("a section is a mapping") };
            check.extend(host(None).filter(|_| sites.len() % 2 == 1));
        }
        return (Yaml::Map(keys), None);
    };
    let with_check = |(index, pool): (usize, Yaml)| {
        let Yaml::Map(mut keys) = pool else { unreachable!("a pool is a mapping") };
        if index % 2 == 0 {
            let name = keys.iter().find(|(key, _)| *key == "name").and_then(|(_, name)| text(name));
            let script = sites.len().is_multiple_of(2);
            let (path, expect) = if script { ("/health.php", "200-299") } else { ("/pool?of=1", "200-299,404") };
            let asked = [("path", path), ("expect", expect)];
            let asked = asked.map(|(key, value)| (key, Yaml::Scalar(value.to_owned())));
            keys.push(("check", Yaml::Map(asked.into_iter().chain(host(name.as_ref())).collect())));
        }
        Yaml::Map(keys)
    };
    (haproxy, Some(Yaml::List(pools.into_iter().enumerate().map(with_check).collect())))
}
