//! Numbers in sentences.

/// A number with its noun: `1 app server`, `2 app servers`.
pub fn several(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The word that agrees with the number.
pub fn agreeing<'w>(n: usize, one: &'w str, many: &'w str) -> &'w str {
    if n == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_numbers() {
        let shown = [0, 1, 2].map(|n| format!("{} {}", several(n, "app server"), agreeing(n, "has", "have")));
        assert_eq!(shown, ["0 app servers have", "1 app server has", "2 app servers have"]);
    }
}
