//! The IAM Query API, spoken by hand: what no client would send, and every fact of AWS's answers that is known.

mod access_keys;
mod change_password;
mod facts;
mod races;
mod sigv4;
mod throttle;
mod wire;
