//! What the stand-in app received, as it tells in its answer.

use std::collections::BTreeMap;

use super::Case;

/// What the app received must be what nginx logged, and what the inventory foretells.
pub(super) fn compare(case: &Case, expected: &BTreeMap<String, String>, wrong: &mut Vec<String>) {
    let Some(echo) = case.reply.echo() else {
        wrong.push("the answer does not come from the stand-in app".to_owned());
        return;
    };
    if let Some((server, _)) = case.logged
        && echo.host != server
        && !case.site.app_hosts.contains(&echo.host)
    {
        wrong.push(format!("{server} logged it, but the app of {} answered", echo.host));
    }
    if !echo.forged.is_empty() {
        let (named, more) =
            (echo.forged.iter().take(3).cloned().collect::<Vec<_>>(), echo.forged.len().saturating_sub(3));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        wrong.push(format!("the app received the address that the client forged, as {}{more}", named.join(", ")));
    }
    let passed = echo.remote_addr.as_deref();
    if !passed.and_then(|passed| passed.parse().ok()).is_some_and(|passed| case.expects(passed)) {
        wrong.push(passed.map_or_else(
            || "the app received no client address".to_owned(),
            |passed| format!("the app received {passed}, not {} address", case.expected()),
        ));
    }
    let host = echo.received.get("HTTP_HOST").map(|host| host.to_ascii_lowercase());
    let wanted = case.fetch.host().to_ascii_lowercase();
    if host.as_ref() != Some(&wanted) {
        wrong.push(format!("the app received the host `{}`, not `{wanted}`", host.unwrap_or_default()));
    }
    // An app over HTTP has no SERVER_PORT.
    let ports = ["SERVER_PORT", "HTTP_X_FORWARDED_PORT"];
    let told = ports.into_iter().filter(|name| !expected.is_empty() && echo.received.contains_key(*name));
    let port = case.fetch.port.to_string();
    for (name, value) in expected.iter().map(|(name, value)| (name.as_str(), value)).chain(told.map(|it| (it, &port))) {
        let received = echo.received.get(name).map(String::as_str).unwrap_or_default();
        if received != value {
            wrong.push(format!("the app received `{received}` as {name}, not `{value}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{CLIENT, judged, reply, site};
    use super::*;

    #[test]
    fn what_the_app_is_told_is_compared() {
        let mut site = site();
        site.probes[0].received = Some(BTreeMap::from([("PATH_INFO".to_owned(), "/a b".to_owned())]));
        let told = judged(&site, &reply("srv1", CLIENT), Some(("srv1", CLIENT)));
        assert_eq!(told, "the app received `/` as PATH_INFO, not `/a b`");
        site.name = "other.example".to_owned();
        let told = judged(&site, &reply("srv1", CLIENT), Some(("srv1", CLIENT)));
        assert!(told.starts_with("the app received the host `example.com:8443`, not `other.example:8443`"), "{told}");
    }

    #[test]
    fn an_app_that_is_told_something_else_than_nginx_knows() {
        let reply = reply("srv1", "10.0.0.10");
        assert_eq!(
            judged(&site(), &reply, Some(("srv1", CLIENT))),
            "the app received 10.0.0.10, not the client's address"
        );
    }
}
