//! Names and pools: every connection reaches the pool that nginx would have chosen, and a
//! connection that a browser reuses for another pool's name comes back to the right one.

pub mod client;
mod model;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use self::client::{served_by, shown};
use self::model::{Random, choice};
use crate::beside;
use crate::browser::Browser;
use crate::cases::cases;
use crate::run::{Kept, Try};

/// A fleet of one app server and one site for each pool, with these names.
fn inventory(pools: &[Vec<String>], settings: &str) -> String {
    let mut text = format!("load_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\n{settings}app_servers:\n");
    for pool in 1..=pools.len() {
        writeln!(text, "  - {{ name: app{pool}, address: 10.0.0.1{pool} }}").unwrap();
    }
    text.push_str("pools:\n");
    for pool in 1..=pools.len() {
        writeln!(text, "  - {{ name: pool{pool}, app_servers: [app{pool}] }}").unwrap();
    }
    text.push_str("sites:\n");
    for (index, names) in pools.iter().enumerate() {
        let pool = index + 1;
        write!(
            text,
            "  - server_name: [{}]\n    pool: pool{pool}\n    root: /srv/www\n    \
             ssl_certificate: /etc/ssl/p{pool}/ssl.crt\n    ssl_certificate_key: /etc/ssl/p{pool}/ssl.key\n",
            names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
        )
        .unwrap();
    }
    text
}

/// Every app server answers with the name of its pool, and the browser's script with it too.
fn answer(kept: &Kept, pools: usize) {
    for pool in 1..=pools {
        let script = format!(
            "mkdir -p /srv/www && printf pool{pool} > /srv/www/index.html && \
             echo 'window.pool = \"pool{pool}\"' > /srv/www/pool.js"
        );
        assert!(kept.inside(&format!("app{pool}"), &["sh", "-c", &script]).status.success());
    }
}

/// Pools by name, as the model wants them.
fn known(pools: &[Vec<String>]) -> BTreeMap<&str, usize> {
    pools.iter().enumerate().flat_map(|(index, names)| names.iter().map(move |it| (it.as_str(), index + 1))).collect()
}

/// 1,000 names: 500 that stand alone, and 20 domains with wildcards within wildcards and exact
/// names below each, dealt out so that what overlaps is never of one pool.
fn thousand() -> Vec<Vec<String>> {
    let mut pools = vec![Vec::new(); 5];
    for number in 0..500 {
        pools[number % 5].push(format!("n{number}.plain.example"));
    }
    for zone in 0..20 {
        let mut put = |turn: usize, name: String| pools[(zone + turn) % 5].push(name);
        put(0, format!("*.w{zone}.example"));
        put(1, format!("*.b.w{zone}.example"));
        put(2, format!("*.c.b.w{zone}.example"));
        put(3, format!("b.w{zone}.example"));
        put(4, format!("exact.c.b.w{zone}.example"));
        for number in 0..20 {
            put(1 + number, format!("e{number}.w{zone}.example"));
        }
    }
    assert_eq!(pools.iter().map(Vec::len).sum::<usize>(), 1_000);
    pools
}

#[test]
fn a_thousand_names_over_five_pools() {
    let _beside = beside();
    let pools = thousand();
    let try_out = Try::inventory(&inventory(&pools, ""));
    let kept = try_out.keep();
    answer(&kept, 5);
    let known = known(&pools);
    let mut random = Random::new(1);
    let mut names = Vec::new();
    for name in known.keys() {
        match name.strip_prefix("*.") {
            None => names.push((*name).to_owned()),
            // What a certificate's wildcard covers, and what nginx's covers beyond that.
            Some(parent) => {
                names.push(format!("{}.{parent}", random.label()));
                names.push(format!("{}.{}.{parent}", random.label(), random.label()));
            }
        }
    }
    names.extend(["w1.example", "plain.example", "n1.plain.example.org", "xn1.plain.example"].map(str::to_owned));
    let answers = served_by(&try_out, &kept, &names);
    let mut counts = [0; 6];
    let mut wrong = Vec::new();
    for name in &names {
        let wanted = choice(&known, name).unwrap_or(0);
        counts[wanted] += 1;
        let wanted = if wanted == 0 { "unrecognized name".to_owned() } else { format!("pool{wanted}") };
        if answers.get(name) != Some(&wanted) {
            wrong.push((name, wanted, answers.get(name)));
        }
    }
    eprintln!("{} names, {} wrong; of no pool and of each: {counts:?}", names.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((names.len(), counts[0]), (940 + 2 * 60 + 4, 4));
}

/// Few names, which overlap in every way.
fn few() -> Vec<Vec<String>> {
    [
        &["p1.test", "*.example.com", "b.n.example.com", "a.b.example.org"][..],
        &["p2.test", "b.example.com", "*.n.example.com", "*.example.org"],
        &["p3.test", "example.com", "*.b.n.example.com", "n.example.com", "a.example.org"],
    ]
    .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
    .to_vec()
}

#[test]
fn few_names_and_many_are_chosen_from_as_nginx_chooses() {
    let _beside = beside();
    let few = few();
    let mut many = few.clone();
    many[2].extend((0..10).map(|number| format!("more{number}.test")));
    let mut random = Random::new(2);
    let names: Vec<String> = (0..cases(300).max(100)).map(|_| random.name()).collect();
    let known = known(&few);
    let wanted: Vec<usize> = names.iter().map(|name| choice(&known, name).unwrap_or(0)).collect();
    for pool in 0..=3 {
        let share = wanted.iter().filter(|it| **it == pool).count();
        assert!(share > names.len() / 15, "only {share} names are of pool {pool}");
    }
    for pools in [&few, &many] {
        let try_out = Try::inventory(&inventory(pools, ""));
        let kept = try_out.keep();
        let maps = kept.inside("lb1", &["sh", "-c", "ls /etc/haproxy/*.map | wc -l"]).stdout;
        assert_eq!(maps, if pools == &few { b"0\n" } else { b"2\n" });
        let shown = shown(&try_out, &kept, &names);
        for ((name, wanted), shown) in names.iter().zip(&wanted).zip(&shown) {
            assert_eq!(shown, &if *wanted == 0 { "alert 112".to_owned() } else { format!("p{wanted}") }, "{name:?}");
        }
    }
}

#[test]
fn unknown_names_end_where_the_inventory_says() {
    let _beside = beside();
    let mut many = few();
    many[2].extend((0..10).map(|number| format!("more{number}.test")));
    let one = vec![few().concat()];
    for pools in [few(), many, one] {
        for (setting, unknown) in [("forward", "alert 112"), ("reject", "closed")] {
            let settings = format!("haproxy: {{ unknown_names: {setting}, timeouts: {{ client_hello: 1s }} }}\n");
            let try_out = Try::inventory(&inventory(&pools, &settings));
            let kept = try_out.keep();
            let names = ["unknown.test", "", "b.example.com", "x.example.com", "X.N.example.com.", "192.0.2.1"];
            let shown = shown(&try_out, &kept, &names.map(str::to_owned));
            let pool = |number: usize| format!("p{}", if pools.len() == 1 { 1 } else { number });
            let wanted = [unknown.to_owned(), unknown.to_owned(), pool(2), pool(1), pool(2), unknown.to_owned()];
            assert_eq!(shown, wanted, "{setting}, {} pools", pools.len());
            // What is no TLS at all.
            let plain = kept.inside("clients", &["curl", "-sS", "http://10.0.0.10:443/", "-o", "/dev/null"]);
            assert_eq!(plain.status.success(), setting == "forward", "{setting}, {} pools", pools.len());
        }
    }
}

#[test]
fn a_connection_brings_only_what_its_pool_serves() {
    let _beside = beside();
    let pools = few();
    let kept = Try::inventory(&inventory(&pools, "")).keep();
    answer(&kept, 3);
    let known = known(&pools);
    let request = |host: &str, version: &str| {
        let words = ["curl", "-sS", "-w", " %{http_code}", "--cacert", "/run/sslscale-ca.pem", version, "-H"];
        let to = ["--resolve", "x.example.com:443:10.0.0.10", "https://x.example.com/"];
        let done = kept.inside("clients", &[&words[..], &[host], &to].concat());
        let text = String::from_utf8(done.stdout).unwrap();
        text.rsplit_once(' ').map(|(body, status)| (body.to_owned(), status.to_owned())).unwrap()
    };
    let names = pools.iter().flatten().map(|name| name.replace("*.", "x.")).chain(
        ["z.example.com", "B.Example.COM.", "b.example.com:8443", "y.x.example.com", "unknown.test", "192.0.2.1"]
            .map(str::to_owned),
    );
    let mut counts = BTreeMap::new();
    for name in names {
        for version in ["--http1.1", "--http2"] {
            let (body, status) = request(&format!("Host: {name}"), version);
            let of_pool = choice(&known, &name) == Some(1);
            assert_eq!(status, if of_pool { "200" } else { "421" }, "{name} {version}");
            assert_eq!(body == "pool1", of_pool, "{name} {version}: {body}");
            *counts.entry(status).or_insert(0) += 1;
        }
    }
    assert_eq!(counts, BTreeMap::from([("200".to_owned(), 12), ("421".to_owned(), 26)]));
    // A request that names nothing is of no site, whatever the handshake said.
    assert_eq!(request("Host:", "--http1.0").1, "421");
    assert_eq!(request("Host:", "--http1.1").1, "400");
}

#[test]
fn a_browser_that_reuses_a_connection_is_sent_to_the_right_pool() {
    let _beside = beside();
    let pools = [vec!["*.example.com".to_owned()], vec!["b.example.com".to_owned()]];
    let kept = Try::inventory(&inventory(&pools, "")).keep();
    answer(&kept, 2);
    let mut browser = Browser::start(&kept, &[("a.example.com", "10.0.0.10"), ("b.example.com", "10.0.0.10")], &[]);
    assert_eq!(browser.open("https://a.example.com/"), "pool1");
    let script = "new Promise((done) => { const it = document.createElement('script'); \
        it.onload = () => done(window.pool); it.onerror = () => done('error'); \
        it.src = 'https://b.example.com/pool.js'; document.head.append(it); })";
    assert_eq!(browser.evaluate(script), "pool2");
    drop(browser);
    let logged = |host: &str| {
        let text = String::from_utf8(kept.inside(host, &["cat", "/var/log/nginx/access.log"]).stdout).unwrap();
        let ours = text.lines().filter(|line| line.contains("pool.js"));
        ours.map(|line| line.split('"').collect::<Vec<_>>()[1..3].join("").trim().to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = (logged("app1"), logged("app2"));
    eprintln!("{first:?} then {second:?}");
    // The balancer sends no handshake for b there: the request came over a's connection.
    assert!(matches!(&first[..], [one] if one.starts_with("GET /pool.js HTTP/2.0 421")), "{first:?}");
    assert!(matches!(&second[..], [one] if one.starts_with("GET /pool.js HTTP/2.0 200")), "{second:?}");
}
