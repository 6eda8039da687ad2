//! The few lines that must be right: password hashing, secrets at rest, keys, identifiers.
//! Nothing here knows a user or a row; what is secret is wiped when it is dropped and prints nothing of itself.

mod hashing_pool;
pub mod identifier;
pub mod password_hash;
pub mod root_secret;
pub mod sealed;
mod stored_hash;
pub mod throttle_key;
