//! `rotate-keys`, and the way out of a lost root secret.

use super::Door;
use crate::domain::error::Error;
use crate::operations::rotate_keys::{PepperInUse, ReplaceLostRootSecret, RotateKeys};
use serde_json::{Value, json};

pub async fn rotate(door: &Door) -> Result<(), Error> {
    let rotated = door.context().perform(RotateKeys).await?;
    let root_secrets = match rotated.left {
        0 => "can be taken away, when no node has one as its current one".to_owned(),
        _ if rotated.unreadable.is_empty() => "are still needed: run rotate-keys again".to_owned(),
        _ => "are still needed, until the access keys that cannot be read are deleted".to_owned(),
    };
    let (needed, without): (Vec<&PepperInUse>, Vec<&PepperInUse>) =
        rotated.peppers.iter().filter(|pepper| !pepper.is_current).partition(|pepper| pepper.id.is_some());
    let waiting: u64 = needed.iter().map(|pepper| pepper.passwords).sum();
    let lost: u64 = needed.iter().filter(|pepper| !pepper.is_given).map(|pepper| pepper.passwords).sum();
    let peppers = match waiting {
        0 => "can be taken away".to_owned(),
        1 => "are still needed: 1 password changes at its owner's next sign-in".to_owned(),
        _ => format!("are still needed: {waiting} passwords change at their owners' next sign-in"),
    };
    let without: u64 = without.iter().map(|pepper| pepper.passwords).sum();
    let without = match without {
        0 => None,
        1 => Some("1 password takes the pepper at its owner's next sign-in".to_owned()),
        _ => Some(format!("{without} passwords take the pepper at their owners' next sign-in")),
    };
    let unreadable = (!rotated.unreadable.is_empty()).then_some(rotated.unreadable);
    let warning = match lost {
        0 => None,
        1 => Some("1 password needs a pepper that is not given, and opens nothing".to_owned()),
        _ => Some(format!("{lost} passwords need a pepper that is not given, and open nothing")),
    };
    let in_use: serde_json::Map<String, Value> = rotated.peppers.iter().map(in_use).collect();
    door.output.show(&[
        ("SealedAnew", json!(rotated.resealed)),
        ("LeftToSeal", json!(rotated.left)),
        ("CannotBeRead", json!(unreadable)),
        ("PreviousRootSecrets", json!(root_secrets)),
        ("HashesByPepper", Value::Object(in_use)),
        ("PreviousPeppers", json!(peppers)),
        ("WithoutPepper", json!(without)),
        ("Warning", json!(warning)),
    ])
}

fn in_use(pepper: &PepperInUse) -> (String, Value) {
    // No id of a pepper has parentheses.
    let name = pepper.id.clone().unwrap_or_else(|| "(none)".to_owned());
    (name, json!({ "Passwords": pepper.passwords, "RememberedPasswords": pepper.remembered_passwords }))
}

pub async fn replace_lost(door: &Door) -> Result<(), Error> {
    let deleted = door.context().perform(ReplaceLostRootSecret).await?;
    door.output.show(&[("DeletedAccessKeys", json!(deleted.len())), ("AccessKeyIds", json!(deleted))])
}
