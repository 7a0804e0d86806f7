//! Regular expressions for numbers between two others, in decimal digits without leading zeros.

/// The numbers from `low` to `high`.
pub fn between(low: u64, high: u64) -> String {
    let (shortest, longest) = (low.to_string().len(), high.to_string().len());
    let mut found = Vec::new();
    for length in shortest..=longest {
        let first = if length == shortest { low.to_string() } else { format!("1{}", "0".repeat(length - 1)) };
        let last = if length == longest { high.to_string() } else { "9".repeat(length) };
        found.extend(of_length(&first, &last));
    }
    format!("(?:{})", found.join("|"))
}

/// The numbers from `low` on with at most as many digits as a part of a version may have.
pub fn at_least(low: u32) -> String {
    between(low.into(), 99_999)
}

/// The numbers between two that have the same number of digits.
fn of_length(low: &str, high: &str) -> Vec<String> {
    let rest = low.len().saturating_sub(1);
    let (Some(first), Some(last)) = (low.chars().next(), high.chars().next()) else { return vec![String::new()] };
    let (zeros, nines) = ("0".repeat(rest), "9".repeat(rest));
    let after = |digit: char, low: &str, high: &str| {
        of_length(low, high).into_iter().map(move |more| format!("{digit}{more}")).collect::<Vec<_>>()
    };
    if first == last {
        return if low[1..] == zeros && high[1..] == nines {
            vec![format!("{first}{}", digits(rest))]
        } else {
            after(first, &low[1..], &high[1..])
        };
    }
    let (whole_first, whole_last) = (low[1..] == zeros, high[1..] == nines);
    let mut found = if whole_first { Vec::new() } else { after(first, &low[1..], &nines) };
    let from = if whole_first { first } else { next(first) };
    let to = if whole_last { last } else { previous(last) };
    match from.cmp(&to) {
        std::cmp::Ordering::Less => found.push(format!("[{from}-{to}]{}", digits(rest))),
        std::cmp::Ordering::Equal => found.push(format!("{from}{}", digits(rest))),
        std::cmp::Ordering::Greater => {}
    }
    if !whole_last {
        found.extend(after(last, &zeros, &high[1..]));
    }
    found
}

/// Any digits, so many of them.
fn digits(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    }
}

fn next(digit: char) -> char {
    char::from_u32(u32::from(digit) + 1).unwrap_or(digit)
}

fn previous(digit: char) -> char {
    char::from_u32(u32::from(digit) - 1).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_matched_from_the_first_to_the_last() {
        assert_eq!(between(0, 9), "(?:[0-9])");
        assert_eq!(between(1, 100), "(?:[1-9]|[1-9][0-9]|100)");
        let bounds = [(0, 0), (1, 9), (5, 10), (0, 100), (18, 999), (80, 1024), (1, 65_535), (1_024, 70_001)];
        for (low, high) in bounds {
            let schema = serde_json::json!({ "pattern": format!("^{}$", between(low, high)) });
            let validator = jsonschema::validator_for(&schema).unwrap();
            for number in (0..high + 2).filter(|it| it % 7 < 2 || it.abs_diff(low) < 40 || it.abs_diff(high) < 40) {
                let matched = validator.is_valid(&number.to_string().into());
                assert_eq!(matched, (low..=high).contains(&number), "{number}: {low} to {high}");
            }
            assert!(!validator.is_valid(&format!("0{low}").into()) && !validator.is_valid(&"".into()));
        }
    }
}
