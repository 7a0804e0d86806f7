//! Every byte that is rendered from the shipped inventories is pinned in `snapshots/`.

use crate::support::{Sslscale, pin, shipped};

#[test]
fn every_shipped_inventory_is_clean_and_renders_as_pinned() {
    for (name, path) in shipped() {
        let path = path.to_str().unwrap().to_owned();
        // A note is no complaint.
        let check = Sslscale::new(&["check", "--fail-on", "warning", &path]).run();
        assert_eq!(check.status, 0, "{name}: {}", check.stderr);
        let render = Sslscale::new(&["render", &path]).run();
        assert_eq!((render.status, render.stderr.as_str()), (0, ""), "{name}");
        pin(&format!("render-{name}"), &render.stdout);
    }
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    for (name, path) in shipped() {
        let run = Sslscale::new(&["render", path.to_str().unwrap()]);
        assert_eq!(run.run(), run.run(), "{name}");
    }
}
