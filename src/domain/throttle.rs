//! How fast a password may be guessed: what was counted against one bucket of tries, and what the next try is told.
//!
//! Why a try is counted before its hash: many that come at once would all be let through otherwise. Why only failures
//! that are known make others wait: the owner's many tabs, which are all right, are refused nothing. Why the count ends
//! after a day without a try and not a day after the first one: so no 24 hours hold more than it allows.
//! Source of the shape: Kanidm's softlock, and NIST SP 800-63B (at most 100 consecutive failures).

use time::{Duration, OffsetDateTime};

/// Tries of one bucket in [`PERIOD`] that may reach the hasher.
pub const MOST_TRIES: u32 = 100;
/// What is counted is forgotten when nothing was let through for so long.
pub const PERIOD: Duration = Duration::DAY;
/// From so many failures on, the next try waits so long after the last failure.
pub const WAITS: [(u32, Duration); 5] = [
    (3, Duration::SECOND),
    (9, Duration::seconds(3)),
    (25, Duration::seconds(5)),
    (50, Duration::seconds(10)),
    (75, Duration::MINUTE),
];
/// A try that was let through and whose end is not known is under way for no longer than this.
const LONGEST_TRY: Duration = Duration::seconds(10);

/// What was counted against one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Let through and not taken back: failures, and tries under way.
    pub tries: u32,
    /// Those of them that are known to have failed.
    pub failures: u32,
    pub last_try_at: OffsetDateTime,
    pub last_failure_at: Option<OffsetDateTime>,
}

/// What a try is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    LetThrough,
    /// Another one may be let through after this.
    Refused(Duration),
}

impl Throttle {
    /// Nothing was counted yet.
    pub fn new(now: OffsetDateTime) -> Self {
        Self { tries: 0, failures: 0, last_try_at: now, last_failure_at: None }
    }

    /// Before the hash.
    pub fn admit(&mut self, now: OffsetDateTime) -> Admission {
        self.settle_clock(now);
        if now - self.last_try_at >= PERIOD {
            *self = Self::new(now);
        }
        let wait = self.wait(now);
        if wait > Duration::ZERO {
            return Admission::Refused(wait);
        }
        self.tries += 1;
        self.last_try_at = now;
        Admission::LetThrough
    }

    /// The same without counting, where nothing but a refusal can come of it; so that it costs no write.
    pub fn refuses(mut self, now: OffsetDateTime) -> Option<Duration> {
        let clock_was_set_back = self.last_try_at > now || self.last_failure_at.is_some_and(|at| at > now);
        match self.admit(now) {
            Admission::Refused(wait) if !clock_was_set_back => Some(wait),
            _ => None,
        }
    }

    /// The password was wrong.
    pub fn fail(&mut self, now: OffsetDateTime) {
        self.settle_clock(now);
        self.failures += 1;
        // A right password, or an administrator, may have cleared the count meanwhile.
        self.tries = self.tries.max(self.failures);
        self.last_failure_at = Some(now);
    }

    /// The password was right: all failures are forgiven, other tries under way still count.
    pub fn succeed(&mut self) {
        self.tries = self.tries.saturating_sub(self.failures.saturating_add(1));
        self.failures = 0;
        self.last_failure_at = None;
    }

    /// The password was not looked at.
    pub fn take_back(&mut self) {
        self.tries = self.tries.saturating_sub(1).max(self.failures);
    }

    fn wait(&self, now: OffsetDateTime) -> Duration {
        let step = WAITS.iter().rev().find(|(failures, _)| self.failures >= *failures);
        let waiting = match (step, self.last_failure_at) {
            (Some((_, wait)), Some(last)) => last + *wait - now,
            _ => Duration::ZERO,
        };
        if self.tries < MOST_TRIES {
            return waiting;
        }
        let may_end_soon = self.failures < self.tries && now - self.last_try_at < LONGEST_TRY;
        if may_end_soon { waiting.max(Duration::SECOND) } else { self.last_try_at + PERIOD - now }
    }

    /// A clock that was set back must not make anybody wait for the time that it lost.
    fn settle_clock(&mut self, now: OffsetDateTime) {
        self.last_try_at = self.last_try_at.min(now);
        self.last_failure_at = self.last_failure_at.map(|at| at.min(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 18:41 UTC);

    fn after(failures: u32) -> Throttle {
        Throttle { tries: failures, failures, last_try_at: NOW, last_failure_at: (failures > 0).then_some(NOW) }
    }

    #[test]
    fn the_wait_grows_with_the_failures() {
        let steps = [(0, 0), (2, 0), (3, 1), (8, 1), (9, 3), (24, 3), (25, 5), (49, 5), (50, 10), (74, 10), (75, 60)];
        for (failures, seconds) in steps.into_iter().chain([(99, 60)]) {
            let told = after(failures).admit(NOW);
            let expected = match seconds {
                0 => Admission::LetThrough,
                _ => Admission::Refused(Duration::seconds(seconds)),
            };
            assert_eq!(told, expected, "{failures} failures");
            let waited = NOW + Duration::seconds(seconds);
            assert_eq!(after(failures).admit(waited), Admission::LetThrough, "{failures} failures, and the wait over");
            if seconds > 0 {
                let early = waited - Duration::MICROSECOND;
                assert_eq!(after(failures).admit(early), Admission::Refused(Duration::MICROSECOND), "{failures}");
            }
        }
    }

    #[test]
    fn after_a_hundred_tries_nothing_is_let_through_until_a_day_has_passed_without_one() {
        let spent = after(MOST_TRIES);
        let later = NOW + Duration::minutes(2);
        assert_eq!(spent.clone().admit(later), Admission::Refused(PERIOD - Duration::minutes(2)));
        assert_eq!(spent.clone().admit(NOW + PERIOD - Duration::SECOND), Admission::Refused(Duration::SECOND));
        let mut rested = spent;
        assert_eq!(rested.admit(NOW + PERIOD), Admission::LetThrough);
        assert_eq!(rested, Throttle { tries: 1, ..Throttle::new(NOW + PERIOD) }, "the count begins anew");
    }

    #[test]
    fn a_try_that_was_refused_does_not_put_off_the_end_of_the_wait() {
        let mut throttle = after(75);
        for second in 0..60 {
            let told = throttle.admit(NOW + Duration::seconds(second));
            assert_eq!(told, Admission::Refused(Duration::seconds(60 - second)));
        }
        assert_eq!(throttle, after(75));
    }

    #[test]
    fn what_refuses_without_counting_says_what_counting_would() {
        for failures in [0, 2, 3, 75, MOST_TRIES] {
            let told = after(failures).admit(NOW);
            let refused = after(failures).refuses(NOW);
            assert_eq!(refused.map(Admission::Refused), Some(told).filter(|told| *told != Admission::LetThrough));
        }
        // A moment that lies ahead has to be written over, or the wait would never end.
        let ahead = Throttle { last_try_at: NOW, ..after(75) };
        assert_eq!(ahead.refuses(NOW - Duration::SECOND), None);
        let failed_ahead = Throttle { last_try_at: NOW - Duration::MINUTE, ..after(75) };
        assert_eq!(failed_ahead.refuses(NOW - Duration::SECOND), None);
        let tried_ahead = Throttle { last_failure_at: Some(NOW - Duration::MINUTE), ..after(MOST_TRIES) };
        assert_eq!(tried_ahead.refuses(NOW - Duration::SECOND), None);
        assert_eq!(after(75).refuses(NOW + Duration::minutes(1)), None);
    }

    #[test]
    fn tries_under_way_make_nobody_wait_but_are_counted() {
        let mut throttle = Throttle::new(NOW);
        for _ in 0..MOST_TRIES {
            assert_eq!(throttle.admit(NOW), Admission::LetThrough);
        }
        assert_eq!(throttle.admit(NOW), Admission::Refused(Duration::SECOND), "one of them may end soon");
        let lost = NOW + LONGEST_TRY;
        assert_eq!(throttle.admit(lost), Admission::Refused(PERIOD - LONGEST_TRY), "none of them ended");
    }

    #[test]
    fn a_right_password_forgives_all_failures_and_keeps_what_is_under_way() {
        let mut throttle = Throttle { tries: 12, ..after(9) };
        throttle.succeed();
        assert_eq!(throttle, Throttle { tries: 2, failures: 0, last_failure_at: None, ..throttle });
    }

    #[test]
    fn a_password_that_was_not_looked_at_is_not_counted() {
        let mut throttle = Throttle { tries: 5, ..after(4) };
        throttle.take_back();
        assert_eq!(throttle, after(4));
        throttle.take_back();
        assert_eq!(throttle, after(4), "a failure stays");
    }

    #[test]
    fn a_failure_counts_though_the_count_was_cleared_meanwhile() {
        let mut throttle = Throttle::new(NOW);
        throttle.fail(NOW);
        assert_eq!(throttle, after(1));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_the_time_that_it_lost() {
        let earlier = NOW - Duration::HOUR;
        for (failures, seconds) in [(3, 1), (99, 60)] {
            let mut throttle = after(failures);
            assert_eq!(throttle.admit(earlier), Admission::Refused(Duration::seconds(seconds)));
            assert_eq!(throttle.admit(earlier + Duration::seconds(seconds)), Admission::LetThrough);
        }
        let mut spent = after(MOST_TRIES);
        assert_eq!(spent.admit(earlier), Admission::Refused(PERIOD));
        assert_eq!(spent.admit(earlier + PERIOD), Admission::LetThrough);
        let mut failed = Throttle { tries: 1, ..Throttle::new(NOW) };
        failed.fail(earlier);
        assert_eq!((failed.last_try_at, failed.last_failure_at), (earlier, Some(earlier)));
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Try,
        Fail,
        TakeBack,
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            8 => Just(Step::Try),
            8 => Just(Step::Fail),
            1 => Just(Step::TakeBack),
            4 => (-120_i64..7200).prop_map(Step::Wait),
            1 => (80_000_i64..90_000).prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 0..600)
    }

    proptest! {
        #[test]
        fn no_day_without_a_right_password_lets_more_than_a_hundred_through(steps in steps()) {
            let (mut throttle, mut now) = (Throttle::new(NOW), NOW);
            let (mut under_way, mut let_through) = (0_u32, Vec::new());
            for step in steps {
                match step {
                    Step::Try => match throttle.admit(now) {
                        Admission::LetThrough => {
                            under_way += 1;
                            let_through.push(now);
                        }
                        Admission::Refused(wait) => prop_assert!(wait > Duration::ZERO && wait <= PERIOD),
                    },
                    Step::Fail if under_way > 0 => {
                        under_way -= 1;
                        throttle.fail(now);
                    }
                    // What was not looked at has not reached the hasher.
                    Step::TakeBack if under_way > 0 => {
                        under_way -= 1;
                        let_through.pop();
                        throttle.take_back();
                    }
                    Step::Fail | Step::TakeBack => {}
                    // The clock of the property only goes on: what it does when it is set back has its own test.
                    Step::Wait(seconds) => now += Duration::seconds(seconds.max(0)),
                }
                prop_assert!(throttle.failures <= throttle.tries);
                let in_a_day = let_through.iter().filter(|at| now - **at < PERIOD).count();
                prop_assert!(in_a_day <= MOST_TRIES as usize, "{in_a_day} in a day");
            }
        }
    }
}
