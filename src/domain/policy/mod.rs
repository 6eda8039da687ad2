//! IAM policies: what a policy document says, and whether a request is allowed by it. No I/O and no clock: all that a
//! policy may ask about stands in the `ConditionContext`. Why written here: the crates that exist allow what AWS denies
//! (an Allow found first wins, an unknown member is skipped, a variable's value acts as a wildcard).
//! Whatever is not understood fails closed: refused by `PolicyDocument::parse`, else it denies and does not allow.
//! Page names in comments are those of the AWS IAM User Guide.

mod condition;
mod context;
mod document;
mod evaluate;
mod json;
mod operand;
mod template;
mod verdict;
mod wildcard;

#[cfg(test)]
mod tests;

pub use context::ConditionContext;
pub use document::PolicyDocument;
pub use evaluate::{AccessRequest, Decision, evaluate};
