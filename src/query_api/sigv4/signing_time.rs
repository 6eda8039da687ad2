//! When a request was signed: `X-Amz-Date`, or `Date` where that is not there. No leniency of a general parser: these are
//! the three forms that clients write.

use super::SignedRequest;
use super::error::{SignatureError, shown};
use time::{Date, Month, OffsetDateTime};

const WEEKDAYS: [&[u8; 5]; 7] = [b"Mon, ", b"Tue, ", b"Wed, ", b"Thu, ", b"Fri, ", b"Sat, ", b"Sun, "];
const MONTHS: [&[u8; 5]; 12] = [
    b" Jan ", b" Feb ", b" Mar ", b" Apr ", b" May ", b" Jun ", b" Jul ", b" Aug ", b" Sep ", b" Oct ", b" Nov ",
    b" Dec ",
];

/// The header that counts: its name and value.
pub fn header<'a>(request: &SignedRequest<'a>) -> Option<(&'static str, &'a [u8])> {
    ["x-amz-date", "date"].into_iter().find_map(|name| Some((name, request.value(name)?)))
}

pub fn parse(value: &[u8]) -> Result<OffsetDateTime, SignatureError> {
    let value = value.trim_ascii();
    iso_basic(value).or_else(|| rfc_1123(value)).ok_or_else(|| {
        SignatureError::incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            shown(value)
        ))
    })
}

/// `20150830T123600Z`
pub fn stamp(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

fn iso_basic(text: &[u8]) -> Option<OffsetDateTime> {
    let (date, rest) = text.split_first_chunk::<8>()?;
    let [b'T', time @ .., b'Z'] = rest else { return None };
    let (year, month_and_day) = date.split_first_chunk::<4>()?;
    let (month, day) = month_and_day.split_first_chunk::<2>()?;
    let (hour, minute_and_second) = time.split_first_chunk::<2>()?;
    let (minute, second) = minute_and_second.split_first_chunk::<2>()?;
    let month = u8::try_from(number(month)?).ok()?.try_into().ok()?;
    at([year, day], month, [hour, minute, second])
}

/// `Sun, 30 Aug 2015 12:36:00 GMT`; botocore writes the zone as `-0000`. The name of the day is not held against the date:
/// AWS's own examples had a wrong one.
fn rfc_1123(text: &[u8]) -> Option<OffsetDateTime> {
    let (weekday, rest) = text.split_first_chunk::<5>()?;
    let (day, rest) = rest.split_first_chunk::<2>()?;
    let (month, rest) = rest.split_first_chunk::<5>()?;
    let (year, rest) = rest.split_first_chunk::<4>()?;
    let (time, zone) = rest.split_first_chunk::<9>()?;
    let [b' ', hour @ .., b':', m1, m2, b':', s1, s2] = time else { return None };
    let known = WEEKDAYS.contains(&weekday) && [b" GMT".as_slice(), b" -0000", b" +0000"].contains(&zone);
    let month = MONTHS.iter().zip(1..).find_map(|(name, number)| (*name == month).then_some(number))?;
    at([year, day], Month::try_from(month).ok()?, [hour, &[*m1, *m2], &[*s1, *s2]]).filter(|_| known)
}

fn at([year, day]: [&[u8]; 2], month: Month, time: [&[u8]; 3]) -> Option<OffsetDateTime> {
    let small = |digits| u8::try_from(number(digits)?).ok();
    let [hour, minute, second] = time;
    let date = Date::from_calendar_date(number(year)?.into(), month, small(day)?).ok()?;
    Some(date.with_hms(small(hour)?, small(minute)?, small(second)?).ok()?.assume_utc())
}

/// At most four digits, and nothing but digits.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0')))
}
