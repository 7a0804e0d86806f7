//! The built site in a real browser: no page is wider than a telephone, every text can be read in the light and in the
//! dark, the search finds pages, and nothing is asked of other hosts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::built;
use super::html::pages;
use crate::engine::{Engine, words};
use crate::support::need;

/// The texts with less contrast to what is behind them than 4.5, which is what WCAG 2.1 asks for (AA): for each, its
/// beginning, its element and the contrast.
const PALE: &str = r"(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = text => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map((value, index) => index < 3 ? value : value / 255);
    };
    const over = (top, below) => top.slice(0, 3).map((value, index) => value * top[3] + below[index] * (1 - top[3]));
    const behind = element => {
        const layers = [];
        for (let it = element; it; it = it.parentElement) {
            layers.push(rgba(getComputedStyle(it).backgroundColor));
            if (layers.at(-1)[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const light = color => {
        const [r, g, b] = color.map(value => value / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pale = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
        if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        if (element.closest('script, style, noscript, button')) continue;
        const back = behind(element), fore = over(rgba(getComputedStyle(element).color), back);
        const [high, low] = [light(back), light(fore)].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        const name = element.tagName + '.' + element.className;
        if (contrast < 4.5) pale.set(name, `${name} ${contrast.toFixed(2)}: ${text.slice(0, 30)}`);
    }
    return [...pale.values()];
})()";

/// A browser that finds no other host; `None` if there is none, which has been reported.
fn browser() -> Option<(Engine, TempDir)> {
    if !need::programs(&["chromium-headless-shell"]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().display().to_string();
    let words = words(&profile, &["--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files"]);
    let mut engine = Engine::start(Command::new(&words[0]).args(&words[1..]).env("HOME", folder.path()));
    engine.call("Network.enable", &json!({}));
    Some((engine, folder))
}

fn show(browser: &mut Engine, width: u32, scheme: &str) {
    let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", &size);
    // On telephones they lie over the page.
    browser.call("Emulation.setScrollbarsHidden", &json!({ "hidden": true }));
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.call("Emulation.setEmulatedMedia", &features);
}

fn url(site: &Path, page: &Path) -> String {
    format!("file://{}", site.join(page).display())
}

#[test]
fn every_page_fits_a_telephone_and_can_be_read_and_asks_no_other_host() {
    let Some(site) = built() else { return };
    let Some((mut browser, _folder)) = browser() else { return };
    let mut wrong = Vec::new();
    for (width, scheme, all) in
        [(400, "light", true), (1400, "dark", true), (400, "dark", false), (1400, "light", false)]
    {
        show(&mut browser, width, scheme);
        let sample = |page: &PathBuf| all || !page.starts_with("docs/rules") || page.ends_with("PX05.html");
        for page in pages(site).into_iter().filter(sample) {
            browser.open(&url(site, &page));
            let shown = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            let pale = browser.evaluate(PALE);
            if shown > u64::from(width) || pale != json!([]) {
                wrong.push(format!("{}, {width} {scheme}: {shown} wide, {pale}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} pages\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    let elsewhere = |url: &&String| !url.starts_with("file://") && !url.starts_with("data:");
    let elsewhere: Vec<&String> = browser.requests.iter().filter(elsewhere).collect();
    assert_eq!(elsewhere, Vec::<&String>::new());
    assert!(browser.requests.len() > 1000, "{}", browser.requests.len());
}

/// The pages that the search finds, in its order.
fn found(browser: &mut Engine, site: &Path, text: &str) -> Vec<String> {
    browser.open(&format!("{}?search={text}", url(site, Path::new("index.html"))));
    for _ in 0..100 {
        let links = "[...document.querySelectorAll('#mdbook-searchresults li a')].map(link => link.href)";
        let Value::Array(links) = browser.evaluate(links) else { panic!("no list") };
        if !links.is_empty() {
            let path = |link: &Value| link.as_str().unwrap().rsplit_once("site/").unwrap().1.to_owned();
            return links.iter().map(path).map(|link| link.split(['?', '#']).next().unwrap().to_owned()).collect();
        }
        sleep(Duration::from_millis(50));
    }
    Vec::new()
}

#[test]
fn the_search_finds_rules_by_their_codes_and_names_and_keys() {
    let Some(site) = built() else { return };
    let Some((mut browser, _folder)) = browser() else { return };
    for (text, page, among) in [
        ("AD09", "docs/rules/AD09.html", 1),
        ("px07", "docs/rules/PX07.html", 1),
        ("trust-too-wide", "docs/rules/PX07.html", 1),
        ("client_fin", "docs/reference.html", 5),
        ("rollback", "docs/guide.html", 5),
        ("wordpress", "inventories/fleets/wordpress.yaml.html", 6),
    ] {
        let found = found(&mut browser, site, text);
        assert!(found.iter().take(among).any(|it| it == page), "{text}: {found:?}");
    }
    assert_eq!(found(&mut browser, site, "qqqqq"), Vec::<String>::new());
}
