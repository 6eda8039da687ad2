//! What the pages say: one struct for one page, its states are its constructors, its words are in `templates/`.
//! Plain data to HTML: no rule, no wire, no clock.

#[path = "../console/account_details.rs"]
pub mod account_details;
#[path = "../console/change_password.rs"]
pub mod change_password;
#[path = "../console/error_page.rs"]
pub mod error_page;
#[path = "../console/field.rs"]
pub mod field;
#[path = "../console/forced_change.rs"]
pub mod forced_change;
#[path = "../console/frame.rs"]
pub mod frame;
#[path = "../console/home.rs"]
pub mod home;
#[path = "../console/password_form.rs"]
pub mod password_form;
#[path = "../console/password_rules.rs"]
pub mod password_rules;
#[path = "../console/security_credentials.rs"]
pub mod security_credentials;
#[path = "../console/sign_in.rs"]
pub mod sign_in;
