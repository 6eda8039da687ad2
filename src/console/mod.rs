//! The pages: one struct and one template for each, with every state as a constructor. Plain data in, HTML out.
//! No HTTP, no domain types, no clock: the door reads and judges, a page only says it.

pub mod account_details;
pub mod change_password;
pub mod error_page;
pub mod field;
pub mod forced_change;
pub mod frame;
pub mod home;
pub mod password_form;
pub mod password_rules;
pub mod security_credentials;
pub mod sign_in;
