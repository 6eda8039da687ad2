//! The remembered-user cookie: up to five pairs of account and user name, newest first. It is a convenience and never a
//! proof of identity. Authenticated and encrypted, so that nobody else reads or makes one.

use crate::crypto::identifier::Random;
use crate::crypto::sealed::{Place, Sealer};
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
