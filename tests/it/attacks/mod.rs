//! What an attacker sends, by the way in which it is sent. Each test says what must hold; where the store is touched it
//! runs on both engines. Attacks on one page or one action alone stand beside the tests of that page or action.

mod cookies;
mod cross_site;
mod identities;
mod injection;
mod log;
mod passwords;
mod requests;
mod sessions;
mod signatures;
mod timing;
