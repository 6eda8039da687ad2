//! The values of a condition and how each kind is compared with a value of the request: numbers exactly (no floating
//! point), dates as instants, addresses as networks, texts as templates, ARNs component by component.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ipnet::IpNet;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::domain::error::ParseError;
use crate::domain::policy::condition::{Comparison, Order};
use crate::domain::policy::context::ConditionContext;
use crate::domain::policy::json::{Json, shown};
use crate::domain::policy::template::{Template, Variables, Wildcards};
use crate::domain::policy::verdict::Verdict;
use crate::domain::policy::wildcard::{Token, matches};

/// An ARN has six components; the last one keeps any further colons.
pub(super) const ARN_COMPONENTS: usize = 6;

#[derive(Debug, Clone)]
pub(super) enum Operand {
    Text(Template),
    Number(i128),
    Moment(OffsetDateTime),
    Network(IpNet),
    Bytes(Vec<u8>),
    Flag(bool),
}

impl Operand {
    /// Variables stand in string, ARN and Bool conditions only (`reference_policies_elements_condition_operators`); in the
    /// others a `${` is a value that does not parse.
    pub(super) fn parse(json: Json, comparison: Comparison, variables: Variables) -> Result<Self, ParseError> {
        let text = scalar(json, comparison)?;
        let parsed = match comparison {
            Comparison::StringEquals | Comparison::StringEqualsIgnoreCase => {
                Some(Self::Text(Template::parse(&text, variables, Wildcards::Plain)?))
            }
            Comparison::StringLike => Some(Self::Text(Template::parse(&text, variables, Wildcards::Matched)?)),
            Comparison::Arn => Some(Template::parse(&text, variables, Wildcards::Matched)?)
                .filter(|arn| arn.has_variables() || text.split(':').count() >= ARN_COMPONENTS)
                .map(Self::Text),
            Comparison::Bool => Some(Template::parse(&text, variables, Wildcards::Plain)?)
                .filter(|flag| flag.has_variables() || boolean(&text).is_some())
                .map(Self::Text),
            Comparison::Null => boolean(&text).map(Self::Flag),
            Comparison::Numeric(_) => number(&text).map(Self::Number),
            Comparison::Date(_) => moment(&text).map(Self::Moment),
            Comparison::Binary => BASE64.decode(&text).ok().map(Self::Bytes),
            Comparison::IpAddress => network(&text).map(Self::Network),
        };
        parsed.ok_or_else(|| {
            ParseError::new(format!("{} is not a value that its condition operator can compare.", shown(&text)))
        })
    }

    /// Whether the request's value matches; `None` when a variable in this operand has no value.
    pub(super) fn compare(&self, comparison: Comparison, value: &str, context: &ConditionContext) -> Option<Verdict> {
        let verdict = match (self, comparison) {
            (Self::Text(template), _) => compare_text(&template.expand(context)?, comparison, value),
            (Self::Number(operand), Comparison::Numeric(order)) => ordered(number(value), operand, order),
            (Self::Moment(operand), Comparison::Date(order)) => ordered(moment(value), operand, order),
            (Self::Network(operand), _) => match value.parse::<IpAddr>() {
                // An IPv4 client of a dual-stack socket shows as ::ffff:a.b.c.d and must not slip past an IPv4 rule.
                Ok(address) => (operand.contains(&address) || operand.contains(&address.to_canonical())).into(),
                Err(_) => Verdict::Unknown,
            },
            (Self::Bytes(operand), _) => (operand.as_slice() == value.as_bytes()).into(),
            _ => Verdict::Unknown,
        };
        Some(verdict)
    }

    pub(super) fn is_unresolved(&self, context: &ConditionContext) -> bool {
        matches!(self, Self::Text(template) if template.expand(context).is_none())
    }
}

/// A condition value may be a string, a number or a Boolean (`reference_policies_grammar`).
fn scalar(json: Json, comparison: Comparison) -> Result<String, ParseError> {
    /// Up to here a JSON number with a fraction is what was written; beyond, the parser has rounded it.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match json {
        Json::Text(text) => Ok(text),
        Json::Bool(flag) => Ok(flag.to_string()),
        Json::Integer(integer) => Ok(integer.to_string()),
        // As a text, 1.10 would have to stay "1.10", which the parser no longer knows.
        Json::Decimal(decimal) if matches!(comparison, Comparison::Numeric(_)) && decimal.abs() < EXACT => {
            Ok(decimal.to_string())
        }
        Json::Decimal(_) => Err(ParseError::new("Write a number with a fraction or an exponent in quotation marks.")),
        Json::Null | Json::List(_) | Json::Object(_) => {
            Err(ParseError::new("A condition value must be a string, a number or a Boolean."))
        }
    }
}

fn compare_text(pattern: &[Token<'_>], comparison: Comparison, value: &str) -> Verdict {
    match comparison {
        Comparison::StringEquals | Comparison::StringLike => matches(pattern, value).into(),
        Comparison::StringEqualsIgnoreCase => (joined(pattern).to_lowercase() == value.to_lowercase()).into(),
        Comparison::Arn => arn_like(pattern, value),
        Comparison::Bool => match (boolean(&joined(pattern)), boolean(value)) {
            (Some(operand), Some(value)) => (operand == value).into(),
            _ => Verdict::Unknown,
        },
        _ => Verdict::Unknown,
    }
}

/// The text of a pattern that has no wildcards.
fn joined(pattern: &[Token<'_>]) -> String {
    pattern
        .iter()
        .map(|token| match token {
            Token::Literal(literal) => *literal,
            Token::AnyOne => "?",
            Token::AnyMany => "*",
        })
        .collect()
}

/// Each component is matched on its own, so that a `*` stays between its colons. A text that is no ARN is not judged.
fn arn_like(pattern: &[Token<'_>], value: &str) -> Verdict {
    let mut components = vec![Vec::new()];
    for token in pattern {
        let Token::Literal(literal) = token else {
            push(&mut components, *token);
            continue;
        };
        for (index, piece) in literal.splitn(ARN_COMPONENTS + 1 - components.len(), ':').enumerate() {
            if index > 0 {
                components.push(Vec::new());
            }
            push(&mut components, Token::Literal(piece));
        }
    }
    let values: Vec<&str> = value.splitn(ARN_COMPONENTS, ':').collect();
    if components.len() != ARN_COMPONENTS || values.len() != ARN_COMPONENTS {
        return Verdict::Unknown;
    }
    components.iter().zip(values).all(|(component, value)| matches(component, value)).into()
}

fn push<'a>(components: &mut [Vec<Token<'a>>], token: Token<'a>) {
    if let Some(component) = components.last_mut() {
        component.push(token);
    }
}

fn ordered<T: Ord>(value: Option<T>, operand: &T, order: Order) -> Verdict {
    let Some(value) = value else {
        return Verdict::Unknown;
    };
    let ordering = value.cmp(operand);
    Verdict::from(match order {
        Order::Equals => ordering == Ordering::Equal,
        Order::LessThan => ordering == Ordering::Less,
        Order::LessThanEquals => ordering != Ordering::Greater,
        Order::GreaterThan => ordering == Ordering::Greater,
        Order::GreaterThanEquals => ordering != Ordering::Less,
    })
}

fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|flag| text.eq_ignore_ascii_case(&flag.to_string()))
}

/// An integer or decimal in units of 10⁻¹⁸, exact; more than 18 digits on either side are refused.
fn number(text: &str) -> Option<i128> {
    const PLACES: usize = 18;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let plain = |part: &str| (1..=PLACES).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !fraction.is_none_or(plain) {
        return None;
    }
    let units: i128 = format!("{whole}{:0<PLACES$}", fraction.unwrap_or_default()).parse().ok()?;
    Some(sign * units)
}

/// Seconds since 1970, or a form of W3C's NOTE-datetime. A year alone is refused: "2019" could be either.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let date = format_description!("[year]-[month]-[day]");
    let midnight = |text: &str| Date::parse(text, date).ok().map(|date| date.midnight().assume_utc());
    if !text.starts_with(|character: char| character.is_ascii_digit()) || !text.is_ascii() {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().ok().filter(|_| text.len() != "YYYY".len())?;
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    match text.len() {
        7 => midnight(&format!("{text}-01")),
        10 => midnight(text),
        _ => OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
            let (minutes, zone) = text.split_at_checked("YYYY-MM-DDThh:mm".len())?;
            OffsetDateTime::parse(&format!("{minutes}:00{zone}"), &Rfc3339).ok()
        }),
    }
}

/// An address or a CIDR block; host bits are ignored, and a missing prefix length means this one address.
fn network(text: &str) -> Option<IpNet> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            (address, Some(length.parse::<u8>().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let written: IpAddr = address.parse().ok()?;
    let canonical = written.to_canonical();
    match length {
        None => Some(IpNet::from(canonical)),
        Some(length) if canonical.is_ipv4() && written.is_ipv6() && length >= 96 => {
            IpNet::new(canonical, length - 96).ok()
        }
        Some(length) => IpNet::new(written, length).ok(),
    }
}
