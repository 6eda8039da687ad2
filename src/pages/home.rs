//! Console Home: who is signed in, what needs attention, where to go.

use askama::Template;

use super::account_details::AccountDetails;
use super::frame::{Alert, Frame, Moment, Tone};

const CHANGE_PASSWORD: &str = "/console/security-credentials/password";

/// `GET /console`.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    pub frame: Frame,
    pub account_details: AccountDetails,
    /// Alias, or account ID as shown.
    pub account_label: String,
    pub user_name: String,
    /// The sign-in before this one, if there was one.
    pub last_sign_in: Option<Moment>,
    /// In the order in which they are shown.
    pub alerts: Vec<Alert>,
    /// "78 days ago", for the tile; `None` where it may not be read.
    pub password_changed: Option<String>,
    /// Whether `iam:ChangePassword` is allowed.
    pub may_change_password: bool,
}

impl HomePage {
    #[must_use]
    pub fn new(frame: Frame, account_details: AccountDetails) -> Self {
        let shown = account_details.account_id_shown.clone();
        Self {
            account_label: account_details.account_name.clone().unwrap_or(shown),
            user_name: account_details.user_name.clone(),
            frame,
            account_details,
            last_sign_in: None,
            alerts: Vec::new(),
            password_changed: None,
            may_change_password: true,
        }
    }

    /// The password was changed elsewhere (by the API or an administrator) since the last sign-in.
    #[must_use]
    pub fn password_changed_elsewhere(mut self, when: &Moment) -> Self {
        let title = format!("Your password was changed on {}", when.shown);
        let text = "If this was not you, tell your administrator.";
        self.alerts.push(Alert::new(Tone::Info, title, text));
        self
    }

    /// From 15 days before the expiry. Set `may_change_password` first: without it the words lead to the administrator.
    #[must_use]
    pub fn password_expires(mut self, days: u32, when: &Moment) -> Self {
        let title = match days {
            0 => "Your password expires today".to_owned(),
            1 => "Your password expires in 1 day".to_owned(),
            n => format!("Your password expires in {n} days"),
        };
        let alert = if self.may_change_password {
            let before = format!("before {}.", when.shown);
            Alert::new(Tone::Warning, title, before).linked("Change your password", CHANGE_PASSWORD)
        } else {
            let ask = format!("Ask your administrator to reset it before {}.", when.shown);
            Alert::new(Tone::Warning, title, ask)
        };
        self.alerts.push(alert);
        self
    }
}
