//! The Condition block: its operators, and what a missing key or a key with many values means to each of them
//! (`reference_policies_elements_condition_operators`, `reference_policies_multi-value-conditions`).
//! Operator names are matched exactly; one that is not known is refused when the policy is parsed.

use std::collections::HashSet;

use crate::domain::error::ParseError;
use crate::domain::policy::context::{ConditionContext, folded};
use crate::domain::policy::json::{Json, shown};
use crate::domain::policy::operand::Operand;
use crate::domain::policy::template::{Variables, check_key};
use crate::domain::policy::verdict::Verdict;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

/// The set operators, for keys with many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operator {
    quantifier: Option<Quantifier>,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
}

/// One operator applied to one key. A statement's conditions must all hold.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    operator: Operator,
    key: String,
    operands: Vec<Operand>,
}

impl Operator {
    fn parse(name: &str) -> Result<Self, ParseError> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Quantifier::ForAllValues), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::ForAnyValue), rest)
        } else {
            (None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        comparison(base)
            // Null asks about the key itself, so neither a set operator nor IfExists goes with it.
            .filter(|(comparison, _)| *comparison != Comparison::Null || (quantifier.is_none() && !if_exists))
            .map(|(comparison, negated)| Self { quantifier, comparison, negated, if_exists })
            .ok_or_else(|| ParseError::new(format!("{} is not a condition operator.", shown(name))))
    }
}

/// What an operator's name compares, and whether it is a negated one.
fn comparison(name: &str) -> Option<(Comparison, bool)> {
    let ordered = |order| match order {
        "Equals" => Some((Order::Equals, false)),
        "NotEquals" => Some((Order::Equals, true)),
        "LessThan" => Some((Order::LessThan, false)),
        "LessThanEquals" => Some((Order::LessThanEquals, false)),
        "GreaterThan" => Some((Order::GreaterThan, false)),
        "GreaterThanEquals" => Some((Order::GreaterThanEquals, false)),
        _ => None,
    };
    if let Some(order) = name.strip_prefix("Numeric") {
        return ordered(order).map(|(order, negated)| (Comparison::Numeric(order), negated));
    }
    if let Some(order) = name.strip_prefix("Date") {
        return ordered(order).map(|(order, negated)| (Comparison::Date(order), negated));
    }
    Some(match name {
        "StringEquals" => (Comparison::StringEquals, false),
        "StringNotEquals" => (Comparison::StringEquals, true),
        "StringEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, true),
        "StringLike" => (Comparison::StringLike, false),
        "StringNotLike" => (Comparison::StringLike, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::IpAddress, false),
        "NotIpAddress" => (Comparison::IpAddress, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Null" => (Comparison::Null, false),
        _ => return None,
    })
}

impl Condition {
    /// Reads a whole Condition block. `{}` is no condition, as the AWS console writes it; an operator without a key and
    /// a key without a value say nothing that could be meant, and are refused.
    pub(super) fn parse_block(block: Json, variables: Variables) -> Result<Vec<Self>, ParseError> {
        let mut conditions = Vec::new();
        for (name, keys) in object(block)? {
            let operator = Operator::parse(&name)?;
            let mut seen = HashSet::new();
            for (key, values) in object(keys)? {
                check_key(&key)?;
                let key = folded(&key);
                if !seen.insert(key.clone()) {
                    return Err(ParseError::new(format!("{} stands twice under {}.", shown(&key), shown(&name))));
                }
                let operands = values
                    .one_or_many()
                    .into_iter()
                    .map(|value| Operand::parse(value, operator.comparison, variables))
                    .collect::<Result<Vec<_>, _>>()?;
                if operands.is_empty() {
                    return Err(ParseError::new(format!("{} has no value to compare with.", shown(&key))));
                }
                conditions.push(Self { operator, key, operands });
            }
            if seen.is_empty() {
                return Err(ParseError::new(format!("{} has no condition key.", shown(&name))));
            }
        }
        Ok(conditions)
    }

    pub(super) fn holds(&self, context: &ConditionContext) -> Verdict {
        let values = context.get_folded(&self.key);
        if self.operator.comparison == Comparison::Null {
            let absent = values.is_none();
            return self
                .operands
                .iter()
                .any(|operand| matches!(operand, Operand::Flag(flag) if *flag == absent))
                .into();
        }
        match values {
            None => self.holds_without_key(context),
            Some(values) => self.holds_for(values, context),
        }
    }

    /// A missing key never matches, so a negated operator holds.
    fn holds_without_key(&self, context: &ConditionContext) -> Verdict {
        let Operator { quantifier, negated, if_exists, .. } = self.operator;
        match quantifier {
            Some(Quantifier::ForAllValues) => Verdict::Yes,
            // The page on IfExists says that it holds, the page on set operators that it does not.
            Some(Quantifier::ForAnyValue) if if_exists => Verdict::Unknown,
            Some(Quantifier::ForAnyValue) => Verdict::No,
            None if if_exists => Verdict::Yes,
            None if negated && self.operands.iter().any(|operand| operand.is_unresolved(context)) => Verdict::Unknown,
            None => negated.into(),
        }
    }

    fn holds_for(&self, values: &[String], context: &ConditionContext) -> Verdict {
        let each = || values.iter().map(|value| self.accepts(value, context));
        let (verdict, for_empty) = match self.operator.quantifier {
            Some(Quantifier::ForAllValues) => (Verdict::all(each()), Verdict::Yes),
            Some(Quantifier::ForAnyValue) => (Verdict::any(each()), Verdict::No),
            None => {
                let (all, any) = (Verdict::all(each()), Verdict::any(each()));
                // Many values under a plain operator: AWS says not to. Decided only where the values agree.
                let agreed = if all == any { all } else { Verdict::Unknown };
                (agreed, agreed)
            }
        };
        // To a set operator an empty text is a null data set, says the page; where that changes the answer, do not guess.
        if verdict != for_empty && values.iter().all(String::is_empty) {
            return Verdict::Unknown;
        }
        verdict
    }

    /// One value of the request against all of the policy's: any of them, or for a negated operator none of them.
    /// An operand whose variable has no value never matches, which must not make a negated operator hold.
    fn accepts(&self, value: &str, context: &ConditionContext) -> Verdict {
        let Operator { comparison, negated, .. } = self.operator;
        let unresolved = if negated { Verdict::Unknown } else { Verdict::No };
        let matched = Verdict::any(
            self.operands.iter().map(|operand| operand.compare(comparison, value, context).unwrap_or(unresolved)),
        );
        if negated { matched.not() } else { matched }
    }
}

fn object(json: Json) -> Result<Vec<(String, Json)>, ParseError> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(ParseError::new(
            "A Condition must be an object of operators, and an operator an object of condition keys.",
        )),
    }
}
