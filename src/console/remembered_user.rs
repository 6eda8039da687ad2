//! The remembered-user cookie: up to five pairs of account and user name, newest first. It is a convenience and never a
//! proof of identity. Authenticated and encrypted, so that nobody else reads or makes one.

use crate::crypto::identifier::Random;
use crate::crypto::sealed::{KEY_ID, Place, Sealer};
use crate::operations::authenticate::KnownDevice;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

const MOST: usize = 5;
/// What the seal is bound to; a cookie made for another purpose is not taken for this one.
const PLACE: Place<'static> = Place { table: "cookie", column: "remembered_user", row: "", owner: "" };

/// Who signed in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedUser {
    /// As it was typed: ID or alias.
    pub account: String,
    pub account_id: String,
    pub user_name: String,
    /// Random, one for each pair: tells this device from others.
    pub device_id: String,
    /// Unix time in seconds.
    pub at: i64,
}

/// What the cookie holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RememberedUsers(Vec<RememberedUser>);

impl RememberedUsers {
    /// Whatever is not a cookie of ours, or too old, holds nobody.
    pub fn open(sealer: &Sealer, cookie: &str, now: OffsetDateTime, lifetime: time::Duration) -> Self {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).unwrap_or_default();
        let plain = sealer.open(PLACE, &bytes).unwrap_or_default();
        let mut users: Vec<RememberedUser> = serde_json::from_slice(&plain).unwrap_or_default();
        let oldest = (now - lifetime).unix_timestamp();
        users.retain(|user| user.at >= oldest);
        Self(users)
    }

    /// The cookie's value; none where there is nobody to remember.
    pub fn seal(&self, sealer: &Sealer, random: &Random) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let plain = serde_json::to_vec(&self.0).ok()?;
        Some(URL_SAFE_NO_PAD.encode(sealer.seal(random, PLACE, &plain)))
    }

    /// Whether this cookie, which could be opened, was sealed with a root secret that is not the current one.
    pub fn is_sealed_with_previous(sealer: &Sealer, cookie: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).unwrap_or_default();
        bytes.get(..KEY_ID).is_some_and(|id| id != sealer.current_id())
    }

    /// What the throttle knows devices by.
    pub fn devices(&self) -> Vec<KnownDevice> {
        let device = |user: &RememberedUser| KnownDevice {
            account_id: user.account_id.clone(),
            user_name: user.user_name.clone(),
            device_id: user.device_id.clone(),
        };
        self.0.iter().map(device).collect()
    }

    pub fn newest(&self) -> Option<&RememberedUser> {
        self.0.first()
    }

    pub fn iter(&self) -> impl Iterator<Item = &RememberedUser> {
        self.0.iter()
    }

    /// The newest user of the account that was typed.
    pub fn of_account(&self, account: &str) -> Option<&RememberedUser> {
        self.0.iter().find(|user| user.account == account)
    }

    /// After a completed sign-in. The same pair keeps its device ID.
    pub fn remember(&mut self, mut user: RememberedUser) {
        if let Some(known) = self.0.iter().position(|known| same_pair(known, &user.account_id, &user.user_name)) {
            user.device_id = self.0.remove(known).device_id;
        }
        self.0.insert(0, user);
        self.0.truncate(MOST);
    }

    /// This pair, and only this one. The account is its ID or as it was typed.
    pub fn forget(&mut self, account: &str, user_name: &str) {
        self.0.retain(|known| {
            !(same_pair(known, account, user_name) || known.account == account && same_name(known, user_name))
        });
    }
}

fn same_pair(known: &RememberedUser, account_id: &str, user_name: &str) -> bool {
    known.account_id == account_id && same_name(known, user_name)
}

fn same_name(known: &RememberedUser, user_name: &str) -> bool {
    known.user_name.eq_ignore_ascii_case(user_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::root_secret::RootSecret;
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 18:41 UTC);
    const LIFETIME: Duration = Duration::days(180);

    fn sealer() -> Sealer {
        Sealer::new(&RootSecret::generate(&Random::seeded(1)).into())
    }

    fn open(cookie: &str) -> RememberedUsers {
        RememberedUsers::open(&sealer(), cookie, NOW, LIFETIME)
    }

    prop_compose! {
        fn user()(account in any::<String>(), id in "[0-9]{12}", user_name in any::<String>(), device_id in "[a-z]{4}", age in 0_i64..180 * 86_400)
            -> RememberedUser {
            RememberedUser { account, account_id: id, user_name, device_id, at: NOW.unix_timestamp() - age }
        }
    }

    /// Of one user, which is as much as the damage needs.
    fn cookie() -> String {
        let mut users = RememberedUsers::default();
        let [account, account_id, user_name, device_id] = ["example", "123456789012", "alice", "d"].map(str::to_owned);
        users.remember(RememberedUser { account, account_id, user_name, device_id, at: NOW.unix_timestamp() });
        users.seal(&sealer(), &Random::seeded(2)).expect("a cookie")
    }

    proptest! {
        #[test]
        fn the_newest_five_come_back_from_a_cookie_as_they_went_in(added in proptest::collection::vec(user(), 0..9)) {
            let mut users = RememberedUsers::default();
            for user in &added {
                users.remember(user.clone());
            }
            prop_assert!(users.iter().count() <= MOST);
            if let (Some(newest), Some(last)) = (users.newest(), added.last()) {
                prop_assert_eq!((&newest.account, &newest.user_name), (&last.account, &last.user_name));
            }
            match users.seal(&sealer(), &Random::seeded(3)) {
                Some(cookie) => prop_assert_eq!(open(&cookie), users),
                None => prop_assert!(added.is_empty()),
            }
        }

        #[test]
        fn whatever_is_no_cookie_of_ours_holds_nobody(text in "\\PC{0,300}|[A-Za-z0-9_-]{0,400}") {
            prop_assert_eq!(open(&text), RememberedUsers::default());
        }

        #[test]
        fn what_is_sealed_and_is_no_list_of_users_holds_nobody(plain in any::<Vec<u8>>(), json in "[\\[\\]{}\":,a-z0-9]{0,60}") {
            for plain in [plain, json.into_bytes()] {
                let cookie = URL_SAFE_NO_PAD.encode(sealer().seal(&Random::seeded(4), PLACE, &plain));
                prop_assert_eq!(open(&cookie), RememberedUsers::default());
            }
        }

        #[test]
        fn a_pair_that_is_forgotten_is_gone_and_no_other(users in proptest::collection::vec(user(), 1..6), at in any::<proptest::sample::Index>()) {
            let mut all = RememberedUsers::default();
            for user in &users {
                all.remember(user.clone());
            }
            let gone = all.iter().nth(at.index(all.iter().count())).unwrap().clone();
            let others: Vec<_> = all.iter().filter(|user| **user != gone).cloned().collect();
            all.forget(&gone.account_id, &gone.user_name);
            let left: Vec<_> = all.iter().cloned().collect();
            let is_other = |user: &RememberedUser| user.account_id != gone.account_id && user.account != gone.account_id;
            prop_assert!(!left.contains(&gone));
            prop_assert!(others.iter().filter(|user| is_other(user)).all(|user| left.contains(user)));
        }
    }

    #[test]
    fn a15_a_changed_cut_or_old_cookie_or_one_for_another_purpose_holds_nobody() {
        let cookie = cookie();
        assert_eq!(open(&cookie).newest().expect("alice").user_name, "alice");
        let bytes = URL_SAFE_NO_PAD.decode(&cookie).expect("ours");
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&URL_SAFE_NO_PAD.encode(forged)), RememberedUsers::default(), "bit {bit}");
        }
        for length in 0..cookie.len() {
            assert_eq!(open(&cookie[..length]), RememberedUsers::default(), "{length} characters");
        }
        let later = RememberedUsers::open(&sealer(), &cookie, NOW + LIFETIME + Duration::SECOND, LIFETIME);
        assert_eq!(later, RememberedUsers::default());
        let plain = sealer().open(PLACE, &bytes).expect("ours");
        let other = sealer().seal(&Random::seeded(5), Place { column: "flash", ..PLACE }, &plain);
        assert_eq!(open(&URL_SAFE_NO_PAD.encode(other)), RememberedUsers::default());
        let secret = Sealer::new(&RootSecret::generate(&Random::seeded(6)).into());
        assert_eq!(RememberedUsers::open(&secret, &cookie, NOW, LIFETIME), RememberedUsers::default());
    }
}
