//! Points in time in words, in UTC, as the pages show them.

use crate::pages::frame::Moment;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

const SHOWN: &[BorrowedFormatItem<'_>] =
    format_description!("[month repr:long] [day padding:none], [year], [hour]:[minute] (UTC)");

/// `November 23, 2026, 18:41 (UTC)`, without a distance.
pub fn shown(at: OffsetDateTime) -> Moment {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    Moment {
        iso: whole.format(&Rfc3339).unwrap_or_default(),
        shown: at.format(SHOWN).unwrap_or_default(),
        relative: None,
    }
}

/// With "78 days ago".
pub fn past(at: OffsetDateTime, now: OffsetDateTime) -> Moment {
    Moment { relative: Some(ago(now - at)), ..shown(at) }
}

/// With "In 12 days".
pub fn future(at: OffsetDateTime, now: OffsetDateTime) -> Moment {
    Moment { relative: Some(ahead(at - now)), ..shown(at) }
}

fn ago(age: Duration) -> String {
    match (age.whole_days(), age.whole_hours(), age.whole_minutes()) {
        (0, 0, minutes) if minutes < 1 => "Just now".to_owned(),
        (0, 0, minutes) => format!("{} ago", counted(minutes, "minute")),
        (0, hours, _) => format!("{} ago", counted(hours, "hour")),
        (days, _, _) => format!("{} ago", counted(days, "day")),
    }
}

fn ahead(left: Duration) -> String {
    match (left.whole_days(), left.whole_hours()) {
        (0, hours) if hours < 1 => "In less than 1 hour".to_owned(),
        (0, hours) => format!("In {}", counted(hours, "hour")),
        // A day that has begun counts, as it does in the warning.
        (days, _) => format!("In {}", counted(days + i64::from(left > Duration::days(days)), "day")),
    }
}

fn counted(count: i64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_is_shown_in_utc_to_the_minute() {
        let moment = shown(datetime!(2026-11-03 08:05:09.123 UTC));
        assert_eq!(moment.shown, "November 3, 2026, 08:05 (UTC)");
        assert_eq!(moment.iso, "2026-11-03T08:05:09Z");
    }

    #[test]
    fn distances_are_whole_units() {
        let relative = |age| past(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::UNIX_EPOCH + age).relative.unwrap();
        assert_eq!(relative(Duration::seconds(59)), "Just now");
        assert_eq!(relative(Duration::minutes(1)), "1 minute ago");
        assert_eq!(relative(Duration::hours(23)), "23 hours ago");
        assert_eq!(relative(Duration::days(78)), "78 days ago");
        let relative = |left| future(OffsetDateTime::UNIX_EPOCH + left, OffsetDateTime::UNIX_EPOCH).relative.unwrap();
        assert_eq!(relative(Duration::days(12)), "In 12 days");
        assert_eq!(relative(Duration::days(9) + Duration::SECOND), "In 10 days");
        assert_eq!(relative(Duration::hours(1)), "In 1 hour");
        assert_eq!(relative(Duration::minutes(9)), "In less than 1 hour");
    }
}
