//! An IAM user's password for the console, and what its age means on a given day.
//! Source: AWS IAM User Guide, "Setting an account password policy for IAM users".

use super::password_policy::PasswordPolicy;
use time::{Duration, OffsetDateTime};

/// A warning is shown in the last 15 days (AWS: ages 75 to 89 of 90).
const WARNING_DAYS: i64 = 15;

/// What a login profile says about itself, without its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginProfile {
    pub created_at: OffsetDateTime,
    pub changed_at: OffsetDateTime,
    pub password_reset_required: bool,
    /// A password that somebody else chose opens nothing after this moment.
    pub temporary_expires_at: Option<OffsetDateTime>,
}

/// What a right password opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// Somebody else chose it: its owner has to choose another before anything else.
    ResetRequired,
    /// Older than the account allows: its owner has to choose another before anything else.
    Expired {
        max_password_age: u32,
    },
    /// Older than the account allows, and only an administrator may reset it.
    HardExpired {
        max_password_age: u32,
    },
    /// Somebody else chose it, too long ago.
    TemporaryExpired,
}

impl LoginProfile {
    /// When the password stops opening the console; none where passwords do not expire.
    pub fn expires_at(&self, policy: Option<&PasswordPolicy>) -> Option<OffsetDateTime> {
        let days = policy?.max_password_age?;
        Some(self.changed_at + Duration::days(i64::from(days)))
    }

    /// Expired means: as old as the maximum age or older (AWS warns on days 75 to 89 of 90; day 90 is too late).
    pub fn standing(&self, policy: Option<&PasswordPolicy>, now: OffsetDateTime) -> Standing {
        if self.temporary_expires_at.is_some_and(|end| now >= end) {
            return Standing::TemporaryExpired;
        }
        let expired = self.expires_at(policy).is_some_and(|end| now >= end);
        let age = policy.and_then(|policy| policy.max_password_age).unwrap_or_default();
        let hard = policy.is_some_and(|policy| policy.hard_expiry);
        match (expired, hard) {
            (true, true) => Standing::HardExpired { max_password_age: age },
            _ if self.password_reset_required => Standing::ResetRequired,
            (true, false) => Standing::Expired { max_password_age: age },
            (false, _) => Standing::Good,
        }
    }

    /// Whole days left, where a warning is due.
    pub fn days_to_warn_of(&self, policy: Option<&PasswordPolicy>, now: OffsetDateTime) -> Option<i64> {
        let left = self.expires_at(policy)? - now;
        (left.is_positive() && left <= Duration::days(WARNING_DAYS)).then(|| whole_days_up(left))
    }
}

/// A day that has begun counts: a password that ends in three hours ends "in 1 day".
fn whole_days_up(left: Duration) -> i64 {
    let whole = left.whole_days();
    if left > Duration::days(whole) { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const CHANGED: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn profile() -> LoginProfile {
        LoginProfile {
            created_at: CHANGED,
            changed_at: CHANGED,
            password_reset_required: false,
            temporary_expires_at: None,
        }
    }

    fn policy(days: u32, hard_expiry: bool) -> PasswordPolicy {
        PasswordPolicy { max_password_age: Some(days), hard_expiry, ..PasswordPolicy::default() }
    }

    fn after(days: i64) -> OffsetDateTime {
        CHANGED + Duration::days(days)
    }

    #[test]
    fn without_a_maximum_age_a_password_never_expires() {
        assert_eq!(profile().standing(None, after(10_000)), Standing::Good);
        assert_eq!(profile().standing(Some(&PasswordPolicy::default()), after(10_000)), Standing::Good);
        assert_eq!(profile().expires_at(None), None);
    }

    #[test]
    fn p13_a_warning_is_shown_from_day_75_to_89_of_90() {
        let policy = policy(90, false);
        let days = |n| profile().days_to_warn_of(Some(&policy), after(n));
        assert_eq!(days(74), None);
        assert_eq!(days(75), Some(15));
        assert_eq!(days(89), Some(1));
        assert_eq!(days(90), None);
    }

    #[test]
    fn p13_a_day_that_has_begun_counts() {
        let policy = policy(90, false);
        let left = |left: Duration| profile().days_to_warn_of(Some(&policy), after(90) - left);
        assert_eq!(left(Duration::hours(3)), Some(1), "a password that ends in three hours ends in 1 day");
        assert_eq!(left(Duration::SECOND), Some(1));
        assert_eq!(left(Duration::days(1)), Some(1));
        assert_eq!(left(Duration::days(1) + Duration::SECOND), Some(2));
        assert_eq!(left(Duration::days(14) + Duration::SECOND), Some(15));
        assert_eq!(left(Duration::days(15) + Duration::SECOND), None);
    }

    #[test]
    fn p13_a_maximum_age_under_15_days_warns_from_the_first_day() {
        assert_eq!(profile().days_to_warn_of(Some(&policy(7, false)), after(0)), Some(7));
    }

    #[test]
    fn p10_a_password_as_old_as_the_maximum_age_has_expired() {
        let policy = policy(90, false);
        assert_eq!(profile().standing(Some(&policy), after(90) - Duration::SECOND), Standing::Good);
        assert_eq!(profile().standing(Some(&policy), after(90)), Standing::Expired { max_password_age: 90 });
    }

    #[test]
    fn p11_hard_expiry_leaves_it_to_an_administrator() {
        let hard = policy(90, true);
        assert_eq!(profile().standing(Some(&hard), after(90)), Standing::HardExpired { max_password_age: 90 });
        let reset = LoginProfile { password_reset_required: true, ..profile() };
        assert_eq!(reset.standing(Some(&hard), after(90)), Standing::HardExpired { max_password_age: 90 });
    }

    #[test]
    fn a_required_reset_comes_before_the_console() {
        let reset = LoginProfile { password_reset_required: true, ..profile() };
        assert_eq!(reset.standing(None, after(1)), Standing::ResetRequired);
    }

    #[test]
    fn a_temporary_password_opens_nothing_after_its_end() {
        let temporary =
            LoginProfile { password_reset_required: true, temporary_expires_at: Some(after(7)), ..profile() };
        assert_eq!(temporary.standing(None, after(7) - Duration::SECOND), Standing::ResetRequired);
        assert_eq!(temporary.standing(None, after(7)), Standing::TemporaryExpired);
    }
}
