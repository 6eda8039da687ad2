//! The two services that are served, by the version of their API.

/// A service, as a credential is scoped to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Iam,
    Sts,
}

impl Service {
    pub fn of_version(version: Option<&str>) -> Option<Self> {
        match version {
            Some("2010-05-08") => Some(Self::Iam),
            Some("2011-06-15") => Some(Self::Sts),
            _ => None,
        }
    }

    pub fn of_scope(name: &str) -> Option<Self> {
        match name {
            "iam" => Some(Self::Iam),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// Of every element of its answers.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }
}
