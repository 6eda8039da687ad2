//! What IAM is: names, ARNs, passwords, policies, the vocabulary of "no".
//! No I/O, no async, no clock, no randomness: what a moment or an identifier is comes in as an argument.

pub mod access_key;
pub mod account;
pub mod action;
pub mod arn;
pub mod error;
pub mod group;
pub mod login_profile;
pub mod managed_policy;
pub mod name;
pub mod page;
pub mod password;
pub mod password_hash;
pub mod password_policy;
pub mod policy;
pub mod principal;
pub mod quota;
pub mod tag;
pub mod throttle;
pub mod user;
pub mod violation;
