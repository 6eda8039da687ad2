//! Secrets of the server itself: the exchange of the root secret and of peppers while it serves, and a root secret that is
//! lost.

mod exchange;
mod fixtures;
mod lost;
mod peppers;
mod rotate_keys;
mod throttle_key;
