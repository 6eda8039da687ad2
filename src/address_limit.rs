//! How many password checks one address may ask for: in front of everything that a check costs, and of the throttle of each
//! user, which one address that tries a password on many users would pass by. Each process counts for itself.
//!
//! Why this clock is not the injected one: it has to go on evenly whatever happens to the time of day. Tests of how the
//! limit recovers give a clock of their own.

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// A provider gives a customer no less than this part of an IPv6 address.
const NETWORK: u128 = u128::MAX << 64;

/// As many at once as in a minute, and then evenly.
pub struct AddressLimit<C: Clock = MonotonicClock> {
    limiter: Option<Limiter<C>>,
    clock: C,
}

type Limiter<C> = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl AddressLimit {
    /// None: no limit.
    pub fn per_minute(checks: Option<NonZeroU32>) -> Self {
        Self::with_clock(checks, MonotonicClock)
    }
}

impl<C: Clock + Clone> AddressLimit<C> {
    fn with_clock(checks: Option<NonZeroU32>, clock: C) -> Self {
        let limiter = |checks| RateLimiter::new(Quota::per_minute(checks), HashMapStateStore::default(), clock.clone());
        Self { limiter: checks.map(limiter), clock }
    }

    /// Counts one check; or how long until the next one.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&network(address)).map_err(|denied| denied.wait_time_from(self.clock.now()))
    }

    /// Forgets the addresses that could ask for as many as one that was never seen.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & NETWORK).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limit(checks: u32) -> (AddressLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (AddressLimit::with_clock(NonZeroU32::new(checks), clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_a_minutes_worth_at_once_and_then_waits() {
        let (limit, clock) = limit(60);
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..60 {
            assert_eq!(limit.check(one), Ok(()));
        }
        assert_eq!(limit.check(one), Err(Duration::from_secs(1)));
        assert_eq!(limit.check(other), Ok(()), "another address is another count");
        clock.advance(Duration::from_secs(1));
        assert_eq!((limit.check(one), limit.check(one)), (Ok(()), Err(Duration::from_secs(1))));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_mapped_one_is_what_it_maps() {
        let (limit, _) = limit(1);
        assert_eq!(limit.check(address("2001:db8::1")), Ok(()));
        assert!(limit.check(address("2001:db8::ffff:1:2:3")).is_err());
        assert_eq!(limit.check(address("2001:db8:0:1::1")), Ok(()));
        assert_eq!(limit.check(address("::ffff:192.0.2.1")), Ok(()));
        assert!(limit.check(address("192.0.2.1")).is_err());
    }

    #[test]
    fn addresses_that_are_no_longer_held_back_take_no_memory() {
        let (limit, clock) = limit(60);
        for last in 0..=255 {
            limit.check(address(&format!("192.0.2.{last}"))).unwrap();
        }
        limit.forget_idle();
        assert_eq!(limit.limiter.as_ref().unwrap().len(), 256);
        clock.advance(Duration::from_secs(61));
        limit.forget_idle();
        assert!(limit.limiter.as_ref().unwrap().is_empty());
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limit = AddressLimit::per_minute(None);
        assert!((0..10_000).all(|_| limit.check(address("192.0.2.1")).is_ok()));
    }
}
