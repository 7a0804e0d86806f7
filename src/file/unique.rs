//! JSON objects in which a key that is given twice is an error. serde takes the last value.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Reads a map, for serde's `deserialize_with`.
///
/// # Errors
/// What `from` finds, or a key that is given twice.
pub fn unique<'de, D, K, V>(from: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    from.deserialize_map(Unique(PhantomData))
}

struct Unique<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Unique<K, V> {
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = BTreeMap::new();
        while let Some(key) = map.next_key()? {
            // Before the value is read, so that the error is at the key.
            if found.contains_key(&key) {
                return Err(A::Error::custom("a key is given twice"));
            }
            found.insert(key, map.next_value()?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Deserializer;

    use super::*;

    // serde_json takes the last value of a key that is given twice.
    #[test]
    fn a_key_that_is_given_twice_is_an_error() {
        let read = |text: &str| unique::<_, String, u8>(&mut Deserializer::from_str(text));
        assert_eq!(
            read(r#"{"a":1,"b":2}"#).unwrap().into_iter().collect::<Vec<_>>(),
            [("a".into(), 1), ("b".into(), 2)]
        );
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":2,"\u0061":3}"#] {
            let error = read(text).unwrap_err();
            assert!(error.is_data() && error.to_string().starts_with("a key is given twice"), "{text}: {error}");
        }
    }
}
