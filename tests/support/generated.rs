//! Parts of the README that are generated: a test compares them, `SSLSCALE_BLESS=1` writes them.

use std::fs;
use std::path::Path;

/// The text between `<!-- name -->` and `<!-- /name -->` must be `wanted`.
pub fn generated(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let start = text.find(&open).expect("the opening marker") + open.len();
    let end = text.find(&close).expect("the closing marker");
    let wanted = format!("\n{wanted}\n");
    if std::env::var_os("SSLSCALE_BLESS").is_some() {
        fs::write(&path, format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert_eq!(&text[start..end], wanted, "run this test with SSLSCALE_BLESS=1 to write it anew");
}
