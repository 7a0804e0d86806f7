//! How YAML readers take a plain scalar. YAML 1.1 knows numbers to the base of 8 and 60, numbers
//! with underscores, dates and a dozen booleans that YAML 1.2 has dropped.

/// What others make of a scalar that sslscale takes as it is written.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// Who reads it how: lower case, no full stop.
    pub message: String,
    /// The decimal number that a key for numbers takes it for.
    pub number: Option<String>,
}

/// What is wrong with leaving `text` without quotes; `None` where all readers agree on it.
pub fn reading(text: &str) -> Option<Reading> {
    let (old, new) = match text.as_bytes().first()? {
        b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' => (boolean(text)?.to_owned(), None),
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            if let Some(reading) = leading_zero(text).or_else(|| shortened(text, digits)) {
                return Some(reading);
            }
            number(digits)?
        }
        _ => return None,
    };
    let new = new.unwrap_or_else(|| "a text".to_owned());
    Some(Reading {
        message: format!("`{text}` is {old} to YAML 1.1 readers and {new} to YAML 1.2 readers"),
        number: None,
    })
}

fn boolean(text: &str) -> Option<&'static str> {
    // YAML 1.1 takes these in lower case, in upper case and capitalised.
    let capitalised = text.chars().skip(1).all(|c| c.is_ascii_lowercase());
    if text.len() > 3 || !capitalised && !text.chars().all(|c| c.is_ascii_uppercase()) {
        return None;
    }
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" => Some("`true`"),
        "n" | "no" | "off" => Some("`false`"),
        _ => None,
    }
}

/// `0443`: to the base of 8 where no digit speaks against it.
fn leading_zero(text: &str) -> Option<Reading> {
    if text.len() < 2 || !text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimal = text.trim_start_matches('0');
    let decimal = if decimal.is_empty() { "0" } else { decimal };
    let octal = text.bytes().all(|b| b < b'8');
    let old = match u64::from_str_radix(text, 8) {
        Ok(value) if value.to_string() == decimal => {
            let message = format!("`{text}` is the number {decimal} to other YAML readers");
            return Some(Reading { message, number: Some(decimal.to_owned()) });
        }
        Ok(value) => format!("the number {value}"),
        Err(_) if octal => "a number to the base of 8".to_owned(),
        Err(_) => "a text".to_owned(),
    };
    let message = format!("`{text}` is {old} to YAML 1.1 readers and the number {decimal} to YAML 1.2 readers");
    Some(Reading { message, number: Some(decimal.to_owned()) })
}

/// `1.20`: a number to all readers, and then another version.
fn shortened(text: &str, digits: &str) -> Option<Reading> {
    let (whole, part) = digits.split_once('.')?;
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if part.len() < 2 || !part.ends_with('0') || !decimal(whole) || !decimal(part) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let number = format!("{whole}.{}", if part.is_empty() { "0" } else { part });
    Some(Reading { message: format!("`{text}` is the number {number} to other YAML readers"), number: None })
}

/// What YAML 1.1 and, where it is no text to it, YAML 1.2 make of a text that starts like a number.
fn number(text: &str) -> Option<(String, Option<String>)> {
    let in_radix = |digits: &str, radix: u32| {
        let bare = digits.replace('_', "");
        let all = !bare.is_empty() && bare.chars().all(|c| c.is_digit(radix));
        let value = u64::from_str_radix(&bare, radix).map(|value| format!("the number {value}"));
        all.then(|| value.unwrap_or_else(|_| format!("a number to the base of {radix}")))
    };
    let only_old = |number: Option<String>| number.map(|number| (number, None));
    let only_new = |number: String| Some(("a text".to_owned(), Some(number)));
    if let Some(digits) = text.strip_prefix("0b") {
        return only_old(in_radix(digits, 2));
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| !digits.contains('_')) {
        return in_radix(digits, 8).and_then(only_new);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return only_old(in_radix(digits, 16).filter(|_| digits.contains('_')));
    }
    if text.contains(':') {
        return only_old(sexagesimal(text));
    }
    if is_date(text) {
        return Some(("a date".to_owned(), None));
    }
    if text.contains('_') && !text.starts_with('_') {
        let radix = if text.starts_with('0') { 8 } else { 10 };
        let fraction = || is_fraction(&text.replace('_', "")).then(|| "a number".to_owned());
        return only_old(in_radix(text, radix).or_else(fraction));
    }
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    // YAML 1.1 wants a point in front of the exponent and a sign in it.
    let old = mantissa.contains('.') && power != exponent;
    let new = !power.is_empty() && digits(power) && (is_fraction(mantissa) || !mantissa.is_empty() && digits(mantissa));
    if new && !old { only_new("a number".to_owned()) } else { None }
}

/// Digits with one point among them.
fn is_fraction(text: &str) -> bool {
    let parts = text.split_once('.').map(|(whole, part)| [whole, part]);
    parts.is_some_and(|parts| {
        parts.concat().bytes().all(|b| b.is_ascii_digit()) && parts.iter().any(|part| !part.is_empty())
    })
}

/// `22:22`: hours and minutes to YAML 1.1, and so is IPv6 without a letter or a `::` in it.
fn sexagesimal(text: &str) -> Option<String> {
    let (first, rest) = text.split_once(':')?;
    let (rest, fraction) = rest.split_once('.').map_or((rest, None), |(rest, part)| (rest, Some(part)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let starts = first.starts_with(|c: char| c.is_ascii_digit()) && digits(first);
    // Only with a fraction may it start with a zero.
    if !starts || fraction.is_none() && first.starts_with('0') || !fraction.is_none_or(digits) {
        return None;
    }
    let mut value: u128 = first.replace('_', "").parse().ok()?;
    for part in rest.split(':') {
        let part = Some(part).filter(|part| (1..=2).contains(&part.len()) && !part.contains('_') && digits(part))?;
        let part: u128 = part.parse().ok().filter(|part| *part < 60)?;
        value = value.checked_mul(60)?.checked_add(part)?;
    }
    Some(if fraction.is_some() { "a number to the base of 60".to_owned() } else { format!("the number {value}") })
}

/// `2024-01-01`.
fn is_date(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| text.as_bytes()[range].iter().all(u8::is_ascii_digit);
    text.len() == 10
        && text.as_bytes()[4] == b'-'
        && text.as_bytes()[7] == b'-'
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a text, in front of `to`.
    fn said(text: &str) -> Option<String> {
        reading(text).map(|reading| {
            let rest = reading.message.strip_prefix(&format!("`{text}` is ")).unwrap();
            rest.split(" to ").next().unwrap().to_owned()
        })
    }

    // PyYAML 6.0.3 was asked for every one of these.
    #[test]
    fn yaml_1_1_readers_make_something_else_of_these() {
        for (text, wanted) in [
            ("0443", "the number 291"),
            ("0_7", "the number 7"),
            ("22:22", "the number 1342"),
            ("1:30", "the number 90"),
            ("190:20:30", "the number 685230"),
            ("1:2:3:4:5:6:7:8", "the number 2895057742028"),
            ("2001:10:20:30:40:50:1:2", "the number 5602001869620062"),
            ("10:20.5", "a number"),
            ("yes", "`true`"),
            ("No", "`false`"),
            ("OFF", "`false`"),
            ("1_000", "the number 1000"),
            ("1_0.5", "a number"),
            ("0b101", "the number 5"),
            ("0x1_0", "the number 16"),
            ("2024-01-01", "a date"),
            ("1.20", "the number 1.2"),
            ("2.10", "the number 2.1"),
            ("007", "the number 7"),
        ] {
            assert_eq!(said(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn yaml_1_2_readers_make_a_number_of_these() {
        for text in ["0489", "0o17", "1e3", "1.5e3", "1e+3", "12e5"] {
            assert_eq!(said(text).as_deref(), Some("a text"), "{text}");
        }
    }

    #[test]
    fn on_these_all_agree() {
        for text in [
            "443",
            "0",
            "-1",
            "+12",
            "0x1F",
            "2.6",
            "3.0",
            "2.6.12",
            "1.22.1",
            "1.0e+3",
            "10.0.0.10",
            "10.0.0.0/24",
            "::1",
            "fd00::1",
            "2001:db8::443",
            "22:60",
            "0:30",
            "10.0.0.5:514",
            "5s",
            "10m",
            "true",
            "False",
            "null",
            "nO",
            "oFf",
            "noo",
            "node",
            "2024-1-1",
            "_1",
            "1.2.3",
            "127.0.0.1:8000",
            "e3",
            "1e",
            "",
            "é",
            "١٢",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
