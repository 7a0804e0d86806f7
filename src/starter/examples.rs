//! The shipped inventories, which are part of the program. A test compares the list with the folder.

use crate::diagnostic::nearest_spelling;

/// A shipped inventory.
#[derive(Debug)]
pub struct Example {
    /// Its path below `inventories`, without `.yaml`.
    path: &'static str,
    pub text: &'static str,
}

macro_rules! example {
    ($path:literal) => {
        Example { path: $path, text: include_str!(concat!("../../inventories/", $path, ".yaml")) }
    };
}

/// The smallest fleet first; the ordinary fleets last.
pub static EXAMPLES: &[Example] = &[
    example!("blog"),
    example!("dual-stack"),
    example!("ipv6"),
    example!("overrides"),
    example!("pools"),
    example!("two-balancers"),
    example!("upstreams"),
    example!("fleets/canary"),
    example!("fleets/chat"),
    example!("fleets/django"),
    example!("fleets/dual-stack"),
    example!("fleets/events"),
    example!("fleets/flask"),
    example!("fleets/go"),
    example!("fleets/grpc"),
    example!("fleets/ipv6-only"),
    example!("fleets/keepalived"),
    example!("fleets/nat"),
    example!("fleets/nextcloud"),
    example!("fleets/nextjs"),
    example!("fleets/rails"),
    example!("fleets/services"),
    example!("fleets/spa"),
    example!("fleets/spring"),
    example!("fleets/static"),
    example!("fleets/tenants"),
    example!("fleets/two-machines"),
    example!("fleets/wordpress"),
    example!("fleets/www-and-api"),
];

/// There is no such example.
#[derive(Debug, thiserror::Error)]
#[error("there is no example `{name}`")]
pub struct UnknownExample {
    name: String,
    /// The most similar name.
    pub near: Option<&'static str>,
}

impl Example {
    /// Its name: its path without the folder, unless another example has that name.
    pub fn name(&self) -> &'static str {
        let short = |example: &Self| example.path.rsplit('/').next().unwrap_or(example.path);
        let is_taken = EXAMPLES.iter().any(|other| other.path == short(self));
        if is_taken { self.path } else { short(self) }
    }

    /// What it is: the first sentence of its first comment.
    pub fn summary(&self) -> String {
        let lines: Vec<&str> = self.text.lines().map_while(|line| line.strip_prefix("# ")).collect();
        let comment = lines.join(" ");
        let (sentence, _) = comment.split_once(". ").unwrap_or((comment.trim_end_matches('.'), ""));
        // The page of the program shows all of this one, which has no comment.
        if sentence.is_empty() { "The smallest fleet".to_owned() } else { sentence.to_owned() }
    }

    /// The example with this name, or with this path below `inventories`.
    ///
    /// # Errors
    /// No example has this name.
    pub fn named(name: &str) -> Result<&'static Self, UnknownExample> {
        let wanted = name.trim_end_matches(".yaml").trim_start_matches("inventories/");
        EXAMPLES.iter().find(|example| example.name() == wanted || example.path == wanted).ok_or_else(|| {
            UnknownExample { name: name.to_owned(), near: nearest_spelling(wanted, EXAMPLES.iter().map(Self::name)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_shipped_inventory_is_an_example() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories");
        let mut shipped = BTreeSet::new();
        for folder in ["", "fleets/"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                shipped.extend(name.strip_suffix(".yaml").map(|stem| format!("{folder}{stem}")));
            }
        }
        let embedded: BTreeSet<String> = EXAMPLES.iter().map(|example| example.path.to_owned()).collect();
        assert_eq!((embedded.len(), embedded), (EXAMPLES.len(), shipped));
    }

    #[test]
    fn each_example_has_a_name_of_its_own_and_a_sentence() {
        for example in EXAMPLES {
            for name in [example.name(), &format!("inventories/{}.yaml", example.path)] {
                assert!(std::ptr::eq(Example::named(name).unwrap(), example), "{name}");
            }
            let summary = example.summary();
            assert!((10..100).contains(&summary.len()) && !summary.ends_with('.'), "{summary}");
        }
        assert_eq!(Example::named("dual-stack").unwrap().path, "dual-stack");
        assert_eq!(Example::named("rail").unwrap_err().near, Some("rails"));
    }
}
