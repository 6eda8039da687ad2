//! Texts with policy variables and wildcards, as a policy writes them: read once, filled in for each request.
//! What a variable stands for is always literal text, so a user named `*` or a tag `?` widens nothing.

use crate::domain::error::ParseError;
use crate::domain::policy::context::{ConditionContext, folded};
use crate::domain::policy::json::shown;
use crate::domain::policy::wildcard::Token;

/// How a policy's version reads `${`. Without "Version": "2012-10-17" it is plain text
/// (`reference_policies_elements_version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    Expanded,
    Plain,
}

/// Whether `*` and `?` stand for other characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    Matched,
    Plain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    AnyOne,
    AnyMany,
    Variable { key: String, default: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    pub(super) fn parse(text: &str, variables: Variables, wildcards: Wildcards) -> Result<Self, ParseError> {
        let mut template = Self { parts: Vec::new() };
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if variables == Variables::Expanded
                && let Some(opened) = rest.strip_prefix("${")
            {
                let (inside, after) = opened
                    .split_once('}')
                    .ok_or_else(|| ParseError::new(format!("{} has a \"${{\" without its \"}}\".", shown(text))))?;
                template.push_variable(inside)?;
                rest = after;
                continue;
            }
            match (character, wildcards) {
                ('*', Wildcards::Matched) => template.parts.push(Part::AnyMany),
                ('?', Wildcards::Matched) => template.parts.push(Part::AnyOne),
                _ => template.push_character(character),
            }
            rest = &rest[character.len_utf8()..];
        }
        Ok(template)
    }

    fn push_character(&mut self, character: char) {
        if let Some(Part::Literal(literal)) = self.parts.last_mut() {
            literal.push(character);
        } else {
            self.parts.push(Part::Literal(character.to_string()));
        }
    }

    fn push_variable(&mut self, inside: &str) -> Result<(), ParseError> {
        // The three that stand for themselves: reference_policies_variables, "Special characters".
        if let "*" | "?" | "$" = inside {
            inside.chars().for_each(|character| self.push_character(character));
            return Ok(());
        }
        let (key, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((key, default)) => (key, Some(default_value(inside, default)?)),
        };
        check_key(key)?;
        self.parts.push(Part::Variable { key: folded(key), default });
        Ok(())
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn has_variables(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Variable { .. }))
    }

    /// The pattern for this request, or `None` when a variable has neither a value nor a default. A key with many values
    /// has no one value to put in (`reference_policies_condition-single-vs-multi-valued-context-keys`).
    pub(super) fn expand<'a>(&'a self, context: &'a ConditionContext) -> Option<Vec<Token<'a>>> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => Some(Token::Literal(literal)),
                Part::AnyOne => Some(Token::AnyOne),
                Part::AnyMany => Some(Token::AnyMany),
                Part::Variable { key, default } => match context.get_folded(key) {
                    Some([value]) => Some(Token::Literal(value)),
                    Some(_) => None,
                    None => default.as_deref().map(Token::Literal),
                },
            })
            .collect()
    }
}

/// The text between the quotes of `${key, 'text'}`. What AWS makes of a wildcard there is not documented: refused.
fn default_value(inside: &str, written: &str) -> Result<String, ParseError> {
    written
        .trim_start_matches(' ')
        .strip_prefix('\'')
        .and_then(|quoted| quoted.strip_suffix('\''))
        .filter(|default| !default.contains(['\'', '$', '{', '*', '?']))
        .map(str::to_owned)
        .ok_or_else(|| ParseError::new(format!("The default value in {} is not valid.", shown(inside))))
}

/// A condition key is a service prefix, a colon and a name; after a slash it may be a tag's key, so tag characters count.
pub(super) fn check_key(key: &str) -> Result<(), ParseError> {
    let allowed = |character: char| character.is_alphanumeric() || " _.:/=+-@".contains(character);
    let prefixed = key.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty());
    if prefixed && key.trim() == key && key.chars().all(allowed) {
        return Ok(());
    }
    Err(ParseError::new(format!("{} is not a condition key.", shown(key))))
}
