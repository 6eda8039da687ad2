//! What is kept of a password. It is not printed either: who has it can try passwords against it.

use std::fmt;

/// A PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    pub fn as_phc(&self) -> &str {
        &self.0
    }

    /// The part that says what a verification costs, as `m=19456,t=2,p=1`.
    pub fn parameters(&self) -> &str {
        self.0.split('$').find(|part| part.starts_with("m=")).unwrap_or_default()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1,keyid=a$c2FsdA$aGFzaA";

    #[test]
    fn a_hash_tells_its_parameters() {
        assert_eq!(PasswordHash::from_phc(PHC.to_owned()).parameters(), "m=19456,t=2,p=1,keyid=a");
    }

    #[test]
    fn a_hash_is_never_printed() {
        let hash = PasswordHash::from_phc(PHC.to_owned());
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
        assert_eq!(hash.as_phc(), PHC);
    }
}
