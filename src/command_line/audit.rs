//! `audit list`.

use super::output::print_json;
use super::{Door, parsed};
use crate::domain::account::AccountName;
use crate::domain::error::{Code, Error};
use crate::domain::user::UserName;
use crate::operations::lookup_events::{Event, LookupEvents};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

parsed!(account_name, AccountName);
parsed!(user_name, UserName);

#[derive(Subcommand)]
pub enum Command {
    /// List what happened, newest first
    List(Box<List>),
}

#[derive(Args)]
pub struct List {
    /// Account ID or alias; every account without it
    #[arg(long, value_name = "ID|ALIAS", value_parser = account_name)]
    account: Option<AccountName>,
    /// What this user did, and what was done to the user; also a user that is gone. Needs --account
    #[arg(long, value_name = "NAME", value_parser = user_name, requires = "account")]
    user: Option<UserName>,
    /// As `ConsoleLogin` or `ChangePassword`
    #[arg(long, value_name = "NAME", value_parser = event_name)]
    event_name: Option<String>,
    /// At this time or later: 2026-11-23T18:30:00Z, or a date, which begins in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// How many at most, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

fn event_name(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(text.to_owned()) } else { Err("has to be the name of an event, as ChangePassword") }
}

fn moment(text: &str) -> Result<OffsetDateTime, &'static str> {
    let date = || Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let midnight = |date| PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc();
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| date().map(midnight))
        .ok_or("has to be a time as 2026-11-23T18:30:00Z or a date as 2026-11-23")
}

pub async fn run(door: &Door, command: Command) -> Result<(), Error> {
    let Command::List(list) = command;
    if let (Some(since), Some(until)) = (list.since, list.until)
        && since >= until
    {
        return Err(Error::refused(Code::ValidationError, "--since: has to be earlier than --until."));
    }
    let cx = match &list.account {
        Some(account) => door.about(account).await?,
        None => door.context(),
    };
    let lookup = LookupEvents {
        user_name: list.user,
        event_name: list.event_name,
        since: list.since,
        until: list.until,
        limit: list.limit as usize,
    };
    show(door, &cx.perform(lookup).await?)
}

fn show(door: &Door, events: &[Event]) -> Result<(), Error> {
    if door.output.is_json() {
        return print_json(&events.iter().map(Event::cloudtrail).collect::<Vec<_>>());
    }
    let columns = ["EventTime", "AccountId", "EventName", "By", "SourceIPAddress", "Error"];
    door.output.list(&columns, &events.iter().map(row).collect::<Vec<_>>())
}

fn row(event: &Event) -> Vec<Value> {
    let time = event.time().replace_nanosecond(0).unwrap_or(event.time()).format(&Rfc3339);
    vec![
        json!(time.unwrap_or_default()),
        json!(event.account_id()),
        json!(event.name()),
        json!(event.by()),
        json!(event.source_address()),
        json!(event.error()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_is_a_moment_with_its_offset_or_a_date_in_utc() {
        assert_eq!(moment("2026-11-23T18:30:00Z"), Ok(datetime!(2026-11-23 18:30 UTC)));
        assert_eq!(moment("2026-11-23T18:30:00.5+02:00"), Ok(datetime!(2026-11-23 16:30:00.5 UTC)));
        assert_eq!(moment("2026-11-23"), Ok(datetime!(2026-11-23 0:00 UTC)));
        for wrong in ["", "yesterday", "2026-11-23T18:30:00", "2026-13-01", "2026-11-23 18:30"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_name_of_an_event_is_one_word() {
        assert!(event_name("ConsoleLogin").is_ok());
        for wrong in ["", "Console Login", "iam:ChangePassword", "é"] {
            assert!(event_name(wrong).is_err(), "{wrong}");
        }
    }
}
