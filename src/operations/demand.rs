//! What an operation needs to be allowed: an action on a target, with what conditions may ask about the two.

use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::tag::{Tag, TagKey};

/// One thing that has to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    Action(Asked),
    /// No IAM action names this; only whoever runs the server does it.
    Operator,
}

/// An IAM action on a target. A target that does not exist is judged by its name, so that a refusal tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub action: Action,
    pub target: Arn,
    /// Nothing has the name that was asked for: it may be a password that was typed in the wrong place, and is not recorded.
    pub is_unknown: bool,
    /// What a refusal calls the target, where its ARN would tell something: that there is such a user, how its name is
    /// written, which path it has.
    pub shown_as: Option<String>,
    /// Condition keys of this target and this request, with their values.
    pub keys: Vec<(String, Vec<String>)>,
}

impl Demand {
    pub fn on(action: Action, target: impl Into<Arn>) -> Self {
        Self::Action(Asked { action, target: target.into(), is_unknown: false, shown_as: None, keys: Vec::new() })
    }

    /// On something that is not there.
    pub fn on_unknown(action: Action, target: Arn) -> Self {
        Self::Action(Asked { action, target, is_unknown: true, shown_as: None, keys: Vec::new() })
    }

    fn with(mut self, key: String, values: Vec<String>) -> Self {
        if let Self::Action(asked) = &mut self {
            asked.keys.push((key, values));
        }
        self
    }

    /// The refusal calls the target so.
    #[must_use]
    pub fn shown_as(mut self, text: String) -> Self {
        if let Self::Action(asked) = &mut self {
            asked.shown_as = Some(text);
        }
        self
    }

    /// The target has these tags. IAM answers to a name of its own for them, too.
    #[must_use]
    pub fn on_tagged(self, tags: &[Tag]) -> Self {
        tags.iter().fold(self, |demand, tag| {
            let key = tag.key.as_str();
            demand
                .with(format!("aws:ResourceTag/{key}"), vec![tag.value.clone()])
                .with(format!("iam:ResourceTag/{key}"), vec![tag.value.clone()])
        })
    }

    /// The request brings these tags.
    #[must_use]
    pub fn bringing(self, tags: &[Tag]) -> Self {
        let demand = tags.iter().fold(self, |demand, tag| {
            demand.with(format!("aws:RequestTag/{}", tag.key.as_str()), vec![tag.value.clone()])
        });
        demand.naming_keys(tags.iter().map(|tag| &tag.key))
    }

    /// The request names these keys of tags.
    #[must_use]
    pub fn naming_keys<'k>(self, keys: impl IntoIterator<Item = &'k TagKey>) -> Self {
        let keys: Vec<String> = keys.into_iter().map(|key| key.as_str().to_owned()).collect();
        if keys.is_empty() { self } else { self.with("aws:TagKeys".to_owned(), keys) }
    }

    /// The request is about this managed policy.
    #[must_use]
    pub fn naming_policy(self, policy_arn: &str) -> Self {
        self.with("iam:PolicyARN".to_owned(), vec![policy_arn.to_owned()])
    }
}
