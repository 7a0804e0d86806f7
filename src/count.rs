//! Numbers and times in sentences.

use x509_parser::time::ASN1Time;

/// A number with its noun: `1 app server`, `2 app servers`.
pub fn several(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The word that agrees with the number.
pub fn agreeing<'w>(n: usize, one: &'w str, many: &'w str) -> &'w str {
    if n == 1 { one } else { many }
}

/// A time in UTC, such as `2024-02-29 03:04`, from seconds since 1970. One that no calendar has is shown as it is.
pub fn utc(seconds: i64) -> String {
    let Ok(time) = ASN1Time::from_timestamp(seconds) else { return format!("{seconds} s after 1970") };
    let time = time.to_datetime();
    let (year, month, day) = time.to_calendar_date();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", time.hour(), time.minute())
}

/// How long ago something was: `5 s ago`, `3 min ago`, `2 h ago`, `4 days ago`.
pub fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// The same in minutes, for what many hosts tell: each of them has other seconds.
pub fn minutes_ago(seconds: u64) -> String {
    if seconds < 60 { "less than a minute ago".to_owned() } else { ago(seconds.max(120) / 60 * 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_numbers() {
        let shown = [0, 1, 2].map(|n| format!("{} {}", several(n, "app server"), agreeing(n, "has", "have")));
        assert_eq!(shown, ["0 app servers have", "1 app server has", "2 app servers have"]);
    }

    #[test]
    fn an_age_has_a_unit_that_people_think_in() {
        let shown = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(ago);
        assert_eq!(shown, ["0 s ago", "119 s ago", "2 min ago", "119 min ago", "2 h ago", "47 h ago", "2 days ago"]);
    }

    #[test]
    fn seconds_of_many_hosts_are_not_told_apart() {
        let shown = [0, 59, 60, 150, 7_200].map(minutes_ago);
        assert_eq!(shown, ["less than a minute ago", "less than a minute ago", "2 min ago", "2 min ago", "2 h ago"]);
    }

    #[test]
    fn a_time_is_shown_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (1_798_761_599, "2026-12-31 23:59"),
            (i64::MAX, "9223372036854775807 s after 1970"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }
}
