//! What one may do: one struct per IAM action, one file per noun. Operations know the rules and no wire.
//!
//! `Context::perform` is the only way in. What happens before there is a caller is `authenticate`
//! and `session`, and what happens without one is `housekeeping`: these are the exceptions, by name.
//!
//! A new action touches: `domain/action.rs` (its name), its noun's file here (the struct, what it demands, what it does),
//! the store's sentence and contract test, the doors that offer it, and `tests/it/authorization.rs`.

pub mod account;
mod audit;
pub mod authenticate;
mod condition_context;
pub mod context;
pub mod create_user;
pub mod first_account;
pub mod housekeeping;
mod judgement;
pub mod login_profile;
pub mod password;
pub mod password_policy;
mod refusal;
pub mod session;
pub mod user;
pub mod user_policy;

pub use context::{Authorized, Context, Demand, Operation, RequestFacts};
