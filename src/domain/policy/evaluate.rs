//! The decision: an explicit Deny wins over every Allow, and without an Allow the answer is no
//! (`reference_policies_evaluation-logic`). Every statement of every policy is looked at before anything is allowed.

use std::iter;

use crate::domain::policy::context::ConditionContext;
use crate::domain::policy::document::{Effect, Listed, PolicyDocument, Resource, Statement};
use crate::domain::policy::template::Template;
use crate::domain::policy::verdict::Verdict;
use crate::domain::policy::wildcard::matches;

/// What a caller wants to do, to what, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct AccessRequest<'a> {
    /// Such as `iam:ChangePassword`, in any case.
    pub action: &'a str,
    /// The ARN, or `*` for an action that has no resource; only a policy's `*` is for the latter.
    pub resource: &'a str,
    pub context: &'a ConditionContext,
}

/// The answer to an `AccessRequest`; only `Allow` is a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    /// No statement allows it.
    ImplicitDeny,
    /// A statement denies it; `policy` is the place, from 0, of the first document with such a statement.
    ExplicitDeny {
        policy: usize,
    },
}

/// Judges a request by all of a principal's policies together.
pub fn evaluate<'p>(policies: impl IntoIterator<Item = &'p PolicyDocument>, request: &AccessRequest<'_>) -> Decision {
    let action = request.action.to_ascii_lowercase();
    let mut decision = Decision::ImplicitDeny;
    for (policy, document) in policies.into_iter().enumerate() {
        for statement in &document.statements {
            match (statement.effect, statement.covers(&action, request)) {
                // What cannot be decided denies, and does not allow.
                (Effect::Deny, Verdict::Yes | Verdict::Unknown) => return Decision::ExplicitDeny { policy },
                (Effect::Allow, Verdict::Yes) => decision = Decision::Allow,
                (Effect::Deny, Verdict::No) | (Effect::Allow, Verdict::Unknown | Verdict::No) => {}
            }
        }
    }
    decision
}

impl Statement {
    fn covers(&self, action: &str, request: &AccessRequest<'_>) -> Verdict {
        let AccessRequest { resource, context, .. } = *request;
        Verdict::all(
            iter::once_with(|| self.actions.covers(|entry| entry.matches(action, context)))
                .chain(iter::once_with(|| self.resources.covers(|entry| entry.matches(resource, context))))
                .chain(self.conditions.iter().map(|condition| condition.holds(context))),
        )
    }
}

impl<T> Listed<T> {
    /// An entry whose variable has no value (`None`) never matches, which must not make a `NotResource` cover more: "might
    /// cause the entire statement to be invalid" (`reference_policies_variables`).
    fn covers(&self, matches: impl Fn(&T) -> Option<Verdict>) -> Verdict {
        let unresolved = if self.excluded { Verdict::Unknown } else { Verdict::No };
        let listed = Verdict::any(self.entries.iter().map(|entry| matches(entry).unwrap_or(unresolved)));
        if self.excluded { listed.not() } else { listed }
    }
}

impl Template {
    fn matches(&self, text: &str, context: &ConditionContext) -> Option<Verdict> {
        self.expand(context).map(|pattern| matches(&pattern, text).into())
    }
}

impl Resource {
    /// Case-sensitive; a `*` may run across colons (`reference_policies_elements_resource`). By that rule an incomplete ARN
    /// can match as it was written where its completion does not: the page does not say which wins.
    fn matches(&self, resource: &str, context: &ConditionContext) -> Option<Verdict> {
        let Some(completed) = &self.completed else {
            return self.written.matches(resource, context);
        };
        match completed.matches(resource, context)? {
            Verdict::No => Some(self.written.matches(resource, context)?.min(Verdict::Unknown)),
            matched => Some(matched),
        }
    }
}
