//! What the pages say: one struct for one page, its states are its constructors, its words are in `templates/`.
//! Plain data to HTML: no rule, no wire, no clock.
//!
//! Why a room of its own, apart from the door: a page can be looked at in every state without a server, and the door
//! stays take, perform, show.

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
