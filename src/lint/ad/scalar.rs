//! How YAML parsers read a scalar without quotes. YAML 1.1 has numbers to the base of 8 and 60,
//! numbers with underscores, dates and a dozen booleans that YAML 1.2 has dropped.

/// How others read a scalar that sslscale takes as it is written.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// Who reads it how: lower case, no full stop.
    pub message: String,
    /// The decimal number, for a key that takes one.
    pub number: Option<String>,
}

const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 8] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

/// What is wrong with leaving `text` without quotes; `None` where all parsers agree on it.
pub fn reading(text: &str) -> Option<Reading> {
    // Most scalars are words, or addresses with more than one dot.
    let dots = || text.bytes().filter(|byte| *byte == b'.').count();
    if !text.starts_with(|c: char| c.is_ascii_digit()) && text.len() > 3 || dots() > 1 {
        return None;
    }
    if let Some(number) = shortened(text) {
        return Some(Reading {
            message: format!("`{text}` is the number {number} to other YAML parsers"),
            number: None,
        });
    }
    let number = leading_zero(text);
    let decimal = number.as_deref().map(|number| format!("the number {number}"));
    let old = [boolean, octal, binary, base_60, date, with_underscores].iter().find_map(|read| read(text));
    let new = decimal.or_else(|| only_new(text));
    let message = match (old, new) {
        (None, None) => return None,
        (Some(old), Some(new)) if old == new => format!("`{text}` is {old} to other YAML parsers"),
        (old, new) => {
            let [old, new] = [old, new].map(|read| read.unwrap_or_else(|| "a string".to_owned()));
            format!("`{text}` is {old} to YAML 1.1 parsers and {new} to YAML 1.2 parsers")
        }
    };
    Some(Reading { message, number })
}

/// `1.20` is 1.2 once it is read as a number, which is another version.
fn shortened(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').filter(|(whole, part)| is_decimal(whole) && is_decimal(part))?;
    let short = part.trim_end_matches('0');
    (part.len() > 1 && short != part).then(|| format!("{whole}.{}", if short.is_empty() { "0" } else { short }))
}

/// `0443` without its leading zeros.
fn leading_zero(text: &str) -> Option<String> {
    let digits = text.strip_prefix('0').filter(|digits| is_decimal(digits))?.trim_start_matches('0');
    Some(if digits.is_empty() { "0" } else { digits }.to_owned())
}

fn boolean(text: &str) -> Option<String> {
    let value = TRUE.contains(&text).then_some("`true`").or(FALSE.contains(&text).then_some("`false`"));
    value.map(str::to_owned)
}

fn octal(text: &str) -> Option<String> {
    leading_zero(text).and_then(|_| in_radix(text, 8))
}

fn binary(text: &str) -> Option<String> {
    in_radix(text.strip_prefix("0b")?, 2)
}

/// `22:22` is hours and minutes, and so is an IPv6 address of numbers alone.
fn base_60(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let first =
        parts.next().filter(|first| is_decimal(first) && !first.starts_with('0') && first.len() < text.len())?;
    let value = parts.try_fold(first.parse::<u128>().ok()?, |value, part| {
        let part: u128 = part.parse().ok().filter(|value| *value < 60 && is_decimal(part) && part.len() < 3)?;
        value.checked_mul(60)?.checked_add(part)
    });
    value.map(|value| format!("the number {value}"))
}

fn date(text: &str) -> Option<String> {
    let fits = |(byte, form): (u8, &u8)| if *form == b'-' { byte == b'-' } else { byte.is_ascii_digit() };
    (text.len() == 10 && text.bytes().zip(b"2024-01-01").all(fits)).then(|| "a date".to_owned())
}

fn with_underscores(text: &str) -> Option<String> {
    if !text.contains('_') || text.starts_with('_') {
        return None;
    }
    let bare = text.replace('_', "");
    match bare.strip_prefix("0x") {
        Some(digits) => in_radix(digits, 16),
        None => in_radix(&bare, if bare.starts_with('0') { 8 } else { 10 }),
    }
}

/// `0o17`, and `1e3`, which YAML 1.1 takes for a number only with a point and a sign in it.
fn only_new(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix("0o") {
        return in_radix(digits, 8);
    }
    let (mantissa, power) = text.split_once(['e', 'E'])?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let unsigned = power.trim_start_matches(['+', '-']);
    let old = mantissa.contains('.') && unsigned != power;
    let number = [whole, part, unsigned].into_iter().all(is_decimal) && power.len() - unsigned.len() < 2;
    (number && !old).then(|| "a number".to_owned())
}

fn in_radix(digits: &str, radix: u32) -> Option<String> {
    let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let value =
        || u64::from_str_radix(digits, radix).map_or("a number".to_owned(), |value| format!("the number {value}"));
    all.then(value)
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the message takes a text for, before `to`.
    fn read_as(text: &str) -> Option<String> {
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
            ("yes", "`true`"),
            ("No", "`false`"),
            ("OFF", "`false`"),
            ("1_000", "the number 1000"),
            ("0b101", "the number 5"),
            ("0x1_0", "the number 16"),
            ("2024-01-01", "a date"),
            ("1.20", "the number 1.2"),
            ("2.10", "the number 2.1"),
            ("007", "the number 7"),
        ] {
            assert_eq!(read_as(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn yaml_1_2_readers_make_a_number_of_these() {
        for text in ["0489", "0o17", "1e3", "1.5e3", "1e+3", "12e5"] {
            assert_eq!(read_as(text).as_deref(), Some("a string"), "{text}");
        }
    }

    #[test]
    fn on_these_all_agree() {
        const ALL: &str = "443 0 -1 +12 -1_000 0x1F 2.6 3.0 2.6.12 1.22.1 1.0e+3 10.0.0.10 10.0.0.0/24 ::1 fd00::1 \
                     2001:db8::443 22:60 0:30 10.0.0.5:514 5s 10m true False null nO oFf noo node 2024-1-1 _1 1.2.3 \
                     127.0.0.1:8000 e3 1e é ١٢";
        for text in ALL.split(' ').chain([""]) {
            assert_eq!(read_as(text), None, "{text}");
        }
    }
}
