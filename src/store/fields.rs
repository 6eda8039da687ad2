//! How our types stand in a statement and in a row. Times are microseconds since the epoch in UTC: SQLite compares
//! times that are text letter by letter, whatever their offset.

use super::engine::Row;
use super::error::StoreError;
use crate::domain::access_key::{AccessKeyId, Status};
use crate::domain::account::{AccountAlias, AccountId};
use crate::domain::arn::PolicyArn;
use crate::domain::group::{GroupId, GroupName};
use crate::domain::managed_policy::PolicyId;
use crate::domain::name::PolicyName;
use crate::domain::password_hash::PasswordHash;
use crate::domain::principal::Stage;
use crate::domain::tag::TagKey;
use crate::domain::user::{Path, UserId, UserName};
use time::OffsetDateTime;

/// A parameter as both drivers take it; none is NULL of that type.
#[derive(Clone, Copy)]
pub(super) enum Value<'v> {
    Text(Option<&'v str>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Bytes(Option<&'v [u8]>),
}

/// Stands for a `$n` of a statement.
pub(super) trait Bind: Sync {
    fn value(&self) -> Value<'_>;
    fn null() -> Value<'static>
    where
        Self: Sized;
}

/// Is read from a column; none is NULL.
pub(super) trait Read: Sized {
    fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError>;
}

impl<T: Bind> Bind for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or_else(|| T::null(), |value| value.value())
    }

    fn null() -> Value<'static> {
        T::null()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError> {
        T::read(row, column).map(Some)
    }
}

impl Bind for &str {
    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }

    fn null() -> Value<'static> {
        Value::Text(None)
    }
}

impl Bind for bool {
    fn value(&self) -> Value<'_> {
        Value::Boolean(Some(*self))
    }

    fn null() -> Value<'static> {
        Value::Boolean(None)
    }
}

impl Read for bool {
    fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError> {
        row.column(column)
    }
}

impl Bind for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Some(self))
    }

    fn null() -> Value<'static> {
        Value::Bytes(None)
    }
}

impl Read for Vec<u8> {
    fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError> {
        row.column(column)
    }
}

macro_rules! text {
    ($($type:ty: $show:expr, $parse:expr;)*) => { $(
        impl Bind for $type {
            fn value(&self) -> Value<'_> {
                let show: fn(&$type) -> &str = $show;
                Value::Text(Some(show(self)))
            }

            fn null() -> Value<'static> {
                Value::Text(None)
            }
        }

        impl Read for $type {
            fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError> {
                let Some(text) = row.column::<String>(column)? else { return Ok(None) };
                $parse(text).map(Some).map_err(|error| row.inconsistent(column, &error))
            }
        }
    )* };
}

text! {
    String: String::as_str, Ok::<String, String>;
    AccountId: AccountId::as_str, |text: String| AccountId::parse(&text);
    AccountAlias: AccountAlias::as_str, |text: String| AccountAlias::parse(&text);
    UserId: UserId::as_str, |text: String| UserId::parse(&text);
    UserName: UserName::as_str, |text: String| UserName::parse(&text);
    Path: Path::as_str, |text: String| Path::parse(&text);
    PasswordHash: PasswordHash::as_phc, |text: String| Ok::<PasswordHash, String>(PasswordHash::from_phc(text));
    Stage: stage_name, |text: String| stage(&text);
    AccessKeyId: AccessKeyId::as_str, |text: String| AccessKeyId::parse(&text);
    Status: Status::as_str, |text: String| Status::parse(&text);
    GroupId: GroupId::as_str, |text: String| GroupId::parse(&text);
    GroupName: GroupName::as_str, |text: String| GroupName::parse(&text);
    PolicyId: PolicyId::as_str, |text: String| PolicyId::parse(&text);
    PolicyName: PolicyName::as_str, |text: String| PolicyName::parse(&text);
    PolicyArn: PolicyArn::as_str, |text: String| PolicyArn::parse(&text);
    TagKey: TagKey::as_str, |text: String| TagKey::parse(&text);
}

fn stage_name(stage: &Stage) -> &str {
    match stage {
        Stage::Full => "full",
        Stage::MustChangePassword => "must-change-password",
    }
}

fn stage(text: &str) -> Result<Stage, String> {
    let known = [Stage::Full, Stage::MustChangePassword].into_iter().find(|stage| stage_name(stage) == text);
    known.ok_or_else(|| format!("is the unknown stage {text:?}"))
}

macro_rules! integer {
    ($($type:ty: $show:expr, $parse:expr;)*) => { $(
        impl Bind for $type {
            fn value(&self) -> Value<'_> {
                let show: fn(&$type) -> i64 = $show;
                Value::Integer(Some(show(self)))
            }

            fn null() -> Value<'static> {
                Value::Integer(None)
            }
        }

        impl Read for $type {
            fn read(row: &Row<'_>, column: &'static str) -> Result<Option<Self>, StoreError> {
                let Some(number) = row.column::<i64>(column)? else { return Ok(None) };
                $parse(number).map(Some).map_err(|error| row.inconsistent(column, &error))
            }
        }
    )* };
}

integer! {
    i64: |number| *number, Ok::<i64, String>;
    u32: |number| i64::from(*number), u32::try_from;
    OffsetDateTime: microseconds, moment;
}

fn microseconds(moment: &OffsetDateTime) -> i64 {
    moment.unix_timestamp() * 1_000_000 + i64::from(moment.microsecond())
}

fn moment(microseconds: i64) -> Result<OffsetDateTime, time::error::ComponentRange> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1000)
}
