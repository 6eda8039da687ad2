//! Three-valued answers. What cannot be decided (a value that does not parse, a variable that has no value) is neither
//! yes nor no: it must not let an Allow through and must not let a Deny be dodged, and `evaluate.rs` reads it so.

/// Kleene's three values in order, so that "and" is `min` and "or" is `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    No,
    Unknown,
    Yes,
}

impl Verdict {
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// Yes as soon as one is yes; no when there is none.
    pub(super) fn any(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for verdict in verdicts {
            result = result.max(verdict);
            if result == Self::Yes {
                break;
            }
        }
        result
    }

    /// No as soon as one is no; yes when there is none.
    pub(super) fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        Self::any(verdicts.into_iter().map(Self::not)).not()
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
