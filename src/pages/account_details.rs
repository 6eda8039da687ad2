//! The container *Account details*, which Console Home and My Security Credentials share.

use askama::Template;
use askama::filters::HtmlSafe;

use super::frame::{Fact, UserMenu};

/// Account ID, alias and user name are facts of the session; the rest is read, and may be refused.
#[derive(Clone, Debug, Template)]
#[template(path = "components/account_details.html")]
pub struct AccountDetails {
    /// The account alias; no line where there is none.
    pub account_name: Option<String>,
    /// 12 digits, as copied.
    pub account_id: String,
    /// As shown: 1234-5678-9012.
    pub account_id_shown: String,
    pub user_name: String,
    /// With `iam:GetUser`.
    pub user_arn: Fact<String>,
    /// With `iam:GetAccountSummary`.
    pub canonical_user_id: Fact<String>,
}

impl HtmlSafe for AccountDetails {}

impl AccountDetails {
    #[must_use]
    pub fn new(user: &UserMenu, user_arn: Fact<String>, canonical_user_id: Fact<String>) -> Self {
        Self {
            account_name: user.account_alias.clone(),
            account_id: user.account_id.clone(),
            account_id_shown: user.account_id_shown.clone(),
            user_name: user.user_name.clone(),
            user_arn,
            canonical_user_id,
        }
    }
}
