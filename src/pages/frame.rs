//! What every page shows around its own content: brand, assets, navigation, flash, footer.
//! Plain data: the door fills it from the configuration, the session and the clock.

use askama::Template;
use askama::filters::HtmlSafe;

/// What the two frames (`console.html`, `gate.html`) need. Every page struct has one, named `frame`.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The configured name of this console.
    pub brand: String,
    pub assets: Assets,
    /// Only those whose URL is configured (Help, Privacy, Accessibility).
    pub footer_links: Vec<Link>,
    pub theme: Theme,
    /// The token that each form sends back as `csrf`.
    pub csrf: String,
    /// `None` before sign-in is complete: then the page has no navigation.
    pub user_menu: Option<UserMenu>,
    /// Told once, after a redirect.
    pub flash: Option<Flash>,
}

/// URLs of the static files, with the content hash in their names.
#[derive(Clone, Debug)]
pub struct Assets {
    pub css: String,
    pub js: String,
    pub favicon: String,
    pub font: String,
}

/// A word that leads somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    pub label: String,
    pub url: String,
}

impl Link {
    #[must_use]
    pub fn new(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self { label: label.into(), url: url.into() }
    }
}

/// Which colours: those of the device, or one set by choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Device,
    Light,
    Dark,
}

impl Theme {
    /// The value of `<html data-theme>`, where there is one.
    #[must_use]
    pub fn forced(self) -> Option<&'static str> {
        match self {
            Self::Device => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// Who is signed in, as the navigation and the forced change of a password show it.
#[derive(Clone, Debug)]
pub struct UserMenu {
    pub user_name: String,
    /// The account alias, or else the account ID as shown.
    pub account_label: String,
    /// 12 digits, as copied.
    pub account_id: String,
    /// As shown: 1234-5678-9012.
    pub account_id_shown: String,
    pub account_alias: Option<String>,
}

impl UserMenu {
    /// `account_id` is 12 digits.
    #[must_use]
    pub fn new(user_name: impl Into<String>, account_id: &str, alias: Option<String>) -> Self {
        let shown = shown_account_id(account_id);
        Self {
            user_name: user_name.into(),
            account_label: alias.clone().unwrap_or_else(|| shown.clone()),
            account_id: account_id.to_owned(),
            account_id_shown: shown,
            account_alias: alias,
        }
    }
}

/// An account ID in groups of four digits.
#[must_use]
pub fn shown_account_id(account_id: &str) -> String {
    let digits: Vec<char> = account_id.chars().collect();
    let groups = digits.chunks(4).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join("-")
}

/// A point in time, already in words. The server makes it, so that a page needs no clock.
#[derive(Clone, Debug)]
pub struct Moment {
    /// For `<time datetime>`: 2026-11-23T18:41:00Z.
    pub iso: String,
    /// November 23, 2026, 18:41 (UTC)
    pub shown: String,
    /// "78 days ago", "In 12 days".
    pub relative: Option<String>,
}

/// How grave a message is; each has its own icon, so that colour is never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Success,
    Info,
    Warning,
    Error,
}

impl Tone {
    /// The class and the icon of this name are in `app.css` and `components/icons.html`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The result of a change, shown once on the page that the redirect leads to.
#[derive(Clone, Debug, Template)]
#[template(path = "components/flash.html")]
pub struct Flash {
    pub tone: Tone,
    pub title: String,
    /// Empty where the title says all.
    pub text: String,
}

impl HtmlSafe for Flash {}

impl Flash {
    #[must_use]
    pub fn success(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone: Tone::Success, title: title.into(), text: text.into() }
    }

    /// After a changed password; `ended` is the number of other sessions that it ended.
    #[must_use]
    pub fn password_changed(ended: u64) -> Self {
        let used = "Use the new password the next time you sign in.";
        let text = match ended {
            0 => used.to_owned(),
            1 => format!("{used} 1 other session was signed out."),
            n => format!("{used} {n} other sessions were signed out."),
        };
        Self::success("Your password was changed", text)
    }

    /// After a sign-in; `count` is the number of wrong passwords since the one before.
    #[must_use]
    pub fn failed_attempts(count: u32) -> Self {
        let (title, text) = failed_attempts(count);
        Self { tone: Tone::Warning, title, text: text.to_owned() }
    }
}

/// What the owner of a password is told about those who did not know it.
#[must_use]
pub fn failed_attempts(count: u32) -> (String, &'static str) {
    let title = match count {
        1 => "There was 1 failed attempt to use your password since your last sign-in".to_owned(),
        n => format!("There were {n} failed attempts to use your password since your last sign-in"),
    };
    (title, "If this was not you, change your password and tell your administrator.")
}

/// A message inside a page.
#[derive(Clone, Debug, Template)]
#[template(path = "components/alert.html")]
pub struct Alert {
    pub tone: Tone,
    pub title: String,
    /// Stands before `text`, where the first words of the sentence lead somewhere.
    pub link: Option<Link>,
    pub text: String,
    /// An IAM action that is named after the text.
    pub action: Option<&'static str>,
    /// Takes the focus when the page opens: for what the visitor must hear before all else.
    pub focused: bool,
}

impl HtmlSafe for Alert {}

impl Alert {
    #[must_use]
    pub fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone, title: title.into(), link: None, text: text.into(), action: None, focused: false }
    }

    /// The same, with the focus on it when the page opens. At most one on a page.
    #[must_use]
    pub fn focused(mut self) -> Self {
        self.focused = true;
        self
    }

    /// The same, with a link before the text.
    #[must_use]
    pub fn linked(mut self, label: &str, url: &str) -> Self {
        self.link = Some(Link::new(label, url));
        self
    }

    /// The same, with the name of an IAM action after the text.
    #[must_use]
    pub fn naming(mut self, action: &'static str) -> Self {
        self.action = Some(action);
        self
    }
}

/// Something that a read brought, or the action that the caller was not allowed.
#[derive(Clone, Debug)]
pub enum Fact<T> {
    Known(T),
    /// The refused action: `iam:GetUser`.
    Refused(&'static str),
    /// There is nothing to show and nothing to say.
    Absent,
}
