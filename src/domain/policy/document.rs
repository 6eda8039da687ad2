//! Policy documents: the grammar of identity-based policies (`reference_policies_grammar`), read strictly.
//! What is not understood is refused here, because a guard that is skipped over (a misspelt "Conditions") is an open door.

use std::collections::HashSet;

use crate::domain::error::ParseError;
use crate::domain::policy::condition::Condition;
use crate::domain::policy::json::{Json, shown};
use crate::domain::policy::operand::ARN_COMPONENTS;
use crate::domain::policy::template::{Part, Template, Variables, Wildcards};

/// The longest text that the IAM API takes as a policy (`policyDocumentType`), in characters.
const MAXIMUM_LENGTH: usize = 131_072;

/// A policy as it was read: every statement understood, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct PolicyDocument {
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A list that a request must be in, or (`NotAction`, `NotResource`) must not be in.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) excluded: bool,
    pub(super) entries: Vec<T>,
}

#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) written: Template,
    /// The six components of an ARN that was written with fewer.
    pub(super) completed: Option<Template>,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    /// Folded to lower case: service prefixes and action names ignore case (`reference_policies_elements_action`).
    pub(super) actions: Listed<Template>,
    pub(super) resources: Listed<Resource>,
    pub(super) conditions: Vec<Condition>,
}

impl PolicyDocument {
    /// Reads the JSON text of an identity-based policy.
    ///
    /// # Errors
    /// Says what is not valid, in one sentence for the person who wrote the policy.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.chars().nth(MAXIMUM_LENGTH).is_some() {
            return Err(ParseError::new(format!("The policy is longer than {MAXIMUM_LENGTH} characters.")));
        }
        let Json::Object(members) = Json::parse(text)? else {
            return Err(ParseError::new("A policy must be a JSON object."));
        };
        let (mut variables, mut statements) = (Variables::Plain, None);
        for (name, value) in members {
            match name.as_str() {
                "Version" => variables = version(value)?,
                "Id" => drop(string(value, "Id")?),
                "Statement" => statements = Some(value.one_or_many()),
                _ => return Err(unknown_member(&name, "a policy")),
            }
        }
        let statements = statements
            .filter(|statements| !statements.is_empty())
            .ok_or_else(|| ParseError::new("A policy must have at least one statement."))?;
        let mut sids = HashSet::new();
        let statements = statements
            .into_iter()
            .map(|statement| Statement::parse(statement, variables, &mut sids))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }
}

fn version(json: Json) -> Result<Variables, ParseError> {
    match string(json, "Version")?.as_str() {
        "2012-10-17" => Ok(Variables::Expanded),
        "2008-10-17" => Ok(Variables::Plain),
        _ => Err(ParseError::new("The Version of a policy must be \"2012-10-17\" or \"2008-10-17\".")),
    }
}

impl Statement {
    fn parse(json: Json, variables: Variables, sids: &mut HashSet<String>) -> Result<Self, ParseError> {
        let Json::Object(members) = json else {
            return Err(ParseError::new("A statement must be a JSON object."));
        };
        let (mut effect, mut actions, mut resources, mut conditions) = (None, None, None, Vec::new());
        for (name, value) in members {
            match name.as_str() {
                "Sid" => check_sid(string(value, "Sid")?, sids)?,
                "Effect" => effect = Some(Effect::parse(value)?),
                "Action" | "NotAction" => put(&mut actions, Listed::parse(&name, value, action)?, "Action")?,
                "Resource" | "NotResource" => {
                    let resource = |text: &str| Resource::parse(text, variables);
                    put(&mut resources, Listed::parse(&name, value, resource)?, "Resource")?;
                }
                "Condition" => conditions = Condition::parse_block(value, variables)?,
                "Principal" | "NotPrincipal" => {
                    return Err(ParseError::new(format!("An identity-based policy must not have a {name}.")));
                }
                _ => return Err(unknown_member(&name, "a statement")),
            }
        }
        Ok(Self {
            effect: effect.ok_or_else(|| ParseError::new("A statement must have an Effect."))?,
            actions: actions.ok_or_else(|| ParseError::new("A statement must have an Action or a NotAction."))?,
            resources: resources
                .ok_or_else(|| ParseError::new("A statement must have a Resource or a NotResource."))?,
            conditions,
        })
    }
}

impl Effect {
    fn parse(json: Json) -> Result<Self, ParseError> {
        match string(json, "Effect")?.as_str() {
            "Allow" => Ok(Self::Allow),
            "Deny" => Ok(Self::Deny),
            _ => Err(ParseError::new("An Effect must be \"Allow\" or \"Deny\".")),
        }
    }
}

impl<T> Listed<T> {
    /// Arrays take one or more values (`reference_policies_grammar`): an empty `NotAction` would be everything.
    fn parse(name: &str, json: Json, entry: impl Fn(&str) -> Result<T, ParseError>) -> Result<Self, ParseError> {
        let entries = json
            .one_or_many()
            .into_iter()
            .map(|element| entry(&string(element, name)?))
            .collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            return Err(ParseError::new(format!("{name} must have at least one value.")));
        }
        Ok(Self { excluded: name.starts_with("Not"), entries })
    }
}

/// `*`, or a service prefix, a colon and an action name, both with wildcards. Variables are not expanded in actions.
fn action(text: &str) -> Result<Template, ParseError> {
    let word = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| character.is_ascii_alphanumeric() || "-_.*?".contains(character))
    };
    if text != "*" && !text.split_once(':').is_some_and(|(service, name)| word(service) && word(name)) {
        return Err(ParseError::new(format!(
            "{} is not an action: write a service prefix, a colon and a name.",
            shown(text)
        )));
    }
    Template::parse(&text.to_ascii_lowercase(), Variables::Plain, Wildcards::Matched)
}

impl Resource {
    /// `*` or an ARN. Missing components at its end are completed with `*`, and neither the service nor, for variables,
    /// anything before the fifth colon may vary (`reference_policies_elements_resource`, `reference_policies_variables`).
    fn parse(text: &str, variables: Variables) -> Result<Self, ParseError> {
        let template = |text: &str| Template::parse(text, variables, Wildcards::Matched);
        let written = template(text)?;
        if text == "*" {
            return Ok(Self { written, completed: None });
        }
        let components: Vec<&str> = text.splitn(ARN_COMPONENTS, ':').collect();
        let named = matches!(components[..], ["arn", partition, service, ..] if !partition.is_empty()
            && !service.is_empty()
            && !service.contains(['*', '?']));
        if !named {
            return Err(ParseError::new(format!(
                "Resource {} must be an ARN with a partition and a service, or \"*\".",
                shown(text)
            )));
        }
        if variables == Variables::Expanded && varies_before_resource(&written) {
            return Err(ParseError::new(format!(
                "Resource {} must not have a variable before its fifth colon.",
                shown(text)
            )));
        }
        let missing = ARN_COMPONENTS - components.len();
        let completed = match missing {
            0 => None,
            _ => Some(template(&format!("{text}{}", ":*".repeat(missing)))?),
        };
        Ok(Self { written, completed })
    }
}

fn varies_before_resource(arn: &Template) -> bool {
    let mut colons = 0;
    for part in arn.parts() {
        match part {
            Part::Variable { .. } => return colons < ARN_COMPONENTS - 1,
            Part::Literal(literal) => colons += literal.matches(':').count(),
            Part::AnyOne | Part::AnyMany => {}
        }
    }
    false
}

/// A Sid is letters and digits, unique in its policy (`reference_policies_elements_sid`); an empty one is none.
fn check_sid(sid: String, sids: &mut HashSet<String>) -> Result<(), ParseError> {
    if !sid.chars().all(|character| character.is_ascii_alphanumeric()) {
        return Err(ParseError::new(format!("Sid {} must be letters and digits only.", shown(&sid))));
    }
    if !sid.is_empty() && sids.contains(&sid) {
        return Err(ParseError::new(format!("Sid {} stands twice in the policy.", shown(&sid))));
    }
    sids.insert(sid);
    Ok(())
}

/// Fills a slot that two members share and only one of them may fill.
fn put<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), ParseError> {
    if slot.replace(value).is_some() {
        return Err(ParseError::new(format!("A statement must not have both {name} and Not{name}.")));
    }
    Ok(())
}

fn string(json: Json, name: &str) -> Result<String, ParseError> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(ParseError::new(format!("{name} must be a string."))),
    }
}

fn unknown_member(name: &str, place: &str) -> ParseError {
    ParseError::new(format!("{} is not a member of {place}.", shown(name)))
}
