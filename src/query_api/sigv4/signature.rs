//! The signature itself: the key made of the secret and the scope, and the comparison.

use super::credential::{Credential, TERMINATOR};
use super::error::SignatureError;
use super::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// As it was sent; neither right nor wrong until a secret is held against it.
pub struct Signature([u8; 32]);

impl Signature {
    /// AWS compares texts: one of another form matches nothing.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        hex::decode_hash(text).map(Self).ok_or_else(SignatureError::mismatch)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the secret signed this canonical request at this moment for this scope. `verify_slice` takes as long for a
    /// signature that is almost right as for one that is all wrong.
    pub fn is_of(&self, canonical: &[u8], stamp: &str, credential: &Credential<'_>, secret: &str) -> bool {
        let key = signing_key(secret, credential);
        let hash = hex::encode(&Sha256::digest(canonical));
        keyed(&*key, &["AWS4-HMAC-SHA256\n", stamp, "\n", credential.scope, "\n", &hash]).verify_slice(&self.0).is_ok()
    }
}

fn signing_key(secret: &str, credential: &Credential<'_>) -> Zeroizing<[u8; 32]> {
    const PREFIX: &[u8] = b"AWS4";
    // With room for all of it: a buffer that grows leaves a copy of the secret behind.
    let mut secret_key = Zeroizing::new(Vec::with_capacity(PREFIX.len() + secret.len()));
    secret_key.extend_from_slice(PREFIX);
    secret_key.extend_from_slice(secret.as_bytes());
    let mut key = code(&secret_key, credential.date);
    for element in [credential.region, credential.service, TERMINATOR] {
        key = code(&*key, element);
    }
    key
}

fn code(key: &[u8], text: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(keyed(key, &[text]).finalize().into_bytes().into())
}

fn keyed(key: &[u8], texts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for text in texts {
        mac.update(text.as_bytes());
    }
    mac
}
