//! What one may do: one struct per IAM action, one file per noun. Operations know the rules and no wire.
//!
//! `Context::perform` is the only way in. What happens before there is a caller is `authenticate`, `sign_request`
//! and `session`, and what happens without one is `housekeeping`, `ship_audit` and `readiness`: these are the exceptions, by
//! name.
//!
//! A new action touches these files and no others:
//! - `domain/action.rs`: its name;
//! - its noun's file here: the struct, what it demands, what it does;
//! - where it needs one, the store's sentence and its contract test (`store/`, `tests/it/store/`);
//! - `query_api/actions.rs`: its name, beside those of its noun; its noun's file there: its parameters and its result; a
//!   page or a command, where one offers it;
//! - `tests/it/authorization.rs`: what it is tried with (the compiler asks for it);
//! - its tests through the front door (`tests/it/query_api/`, `tests/clients/`), README's table and CHANGELOG.

pub mod access_key;
pub mod access_key_last_used;
pub mod account;
pub mod account_alias;
pub mod attached_policy;
mod audit;
pub mod audit_event;
pub mod authenticate;
pub mod caller_identity;
mod condition_context;
pub mod context;
pub mod create_user;
pub mod delete_user;
pub mod demand;
pub mod first_account;
pub mod group;
pub mod group_member;
pub mod housekeeping;
pub mod inline_policy;
mod judged;
mod judgement;
mod lease;
pub mod list_policies;
pub mod login_profile;
pub mod lookup_events;
pub mod managed_policy;
pub mod password;
mod password_check;
pub mod password_policy;
pub mod policy_holder;
pub mod readiness;
mod refusal;
pub mod rotate_keys;
pub mod session;
pub mod ship_audit;
pub mod sign_request;
pub mod throttle;
pub mod user;
pub mod user_details;
pub mod user_tag;

pub use context::{Authorized, Context, Operation, RequestFacts};
pub use demand::Demand;
