//! Words that nobody's password may be made of, beyond what AWS's policies ask for: common passwords, and the names that an
//! attacker reads off the sign-in page (OWASP ASVS 6.2.4, 6.2.11; NIST SP 800-63B, blocklists). For every writer of a
//! password alike. A sign-in judges none of this: a password that is right opens.

use super::account::{AccountAlias, AccountId};
use super::common_passwords::CommonPasswords;
use super::likeness::{WORDS, folded, forms, is_made_of};
use super::password::{MAXIMUM_LENGTH, TypedPassword};
use super::user::UserName;
use super::violation::Violation;
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// Always a product's words, whatever the operator calls it.
const PRODUCT: [&str; 2] = ["my-security-credentials", "My Security Credentials"];
/// How long the names are, in characters: shorter ones stand in too many good passwords by chance.
const NAMES: RangeInclusive<usize> = 4..=MAXIMUM_LENGTH;

/// Whose password it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    pub user_name: &'a UserName,
    pub account_id: &'a AccountId,
    pub account_alias: Option<&'a AccountAlias>,
}

/// What a new password is held against, besides its owner's names.
#[derive(Debug, Clone)]
pub struct RefusedWords {
    common: CommonPasswords,
    /// In all their forms.
    product: HashSet<String>,
}

impl RefusedWords {
    pub fn new(common: CommonPasswords, brand_name: &str) -> Self {
        let product = PRODUCT.into_iter().chain([brand_name]).flat_map(words).collect();
        Self { common, product }
    }

    /// Whether common passwords are among them: what a page tells of the rules.
    pub fn hold_common_passwords(&self) -> bool {
        !self.common.is_empty()
    }

    /// Of a text that can be a password at all: no other is worth the search, and its length bounds it.
    pub fn violations(&self, new: &TypedPassword, owner: &Owner) -> Vec<Violation> {
        let Ok(password) = new.password() else { return Vec::new() };
        let names = names(owner);
        let is_common = is_made_of(password.expose(), &WORDS, |word| self.common.contain(word));
        let is_name = is_made_of(password.expose(), &NAMES, |word| names.contains(word) || self.product.contains(word));
        let found = [(is_common, Violation::CommonPassword), (is_name, Violation::MadeOfAName)];
        found.into_iter().filter_map(|(broken, rule)| broken.then_some(rule)).collect()
    }
}

/// The forms of user name and alias with their parts, and of the ID, as pages write it, too.
fn names(owner: &Owner) -> HashSet<String> {
    let alias = owner.account_alias.map(AccountAlias::as_str);
    let mut names: HashSet<String> = [owner.user_name.as_str()].into_iter().chain(alias).flat_map(words).collect();
    let id = [owner.account_id.as_str(), &owner.account_id.grouped()];
    names.extend(id.into_iter().flat_map(forms).map(|form| form.to_string()));
    names
}

/// The forms of a name as it is, without its separators, and each of its parts: `alice.smith@example.com` is also `alice` and `smith`.
fn words(name: &str) -> Vec<String> {
    let name = folded(name);
    let parts = name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
    let joined = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let all = parts.chain([joined, name.to_string()]);
    let long = all.filter(|word| NAMES.contains(&word.chars().count()));
    long.flat_map(|word| forms(&word).map(|form| form.to_string()).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests;
