//! The exchange of the root secret and of peppers: what is sealed with another root secret than today's is sealed anew,
//! and it is told what still needs a secret of before.
//!
//! Why it may be killed at any moment and run again: each batch is a transaction of its own, in which a value takes the
//! place of exactly the one that was read. What another process has deleted or sealed anew in the meantime stays so.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use crate::crypto::password_hash::pepper_id;
use crate::crypto::sealed::Place;
use crate::crypto::throttle_key;
use crate::domain::error::Error;
use crate::store::installation::{ROOT_SECRET_CHECK, THROTTLE_KEY};
use crate::store::sealed_values::{SEALED_COLUMNS, SealedColumn, SealedValue};
use serde_json::json;
use std::collections::BTreeMap;

/// Values of one transaction: few enough that a writer never waits long for it.
const BATCH: u32 = 100;
/// Remembered passwords that are read at once.
const PAGE: u32 = 1000;

/// Seals anew whatever is sealed with another root secret than today's.
#[derive(Debug, Clone, Copy)]
pub struct RotateKeys;

/// What was done, and what still needs a secret of before.
#[derive(Debug, Clone)]
pub struct KeysRotated {
    pub resealed: u64,
    /// Values that are sealed with another root secret still.
    pub left: u64,
    /// Rows whose value no root secret that is given opens.
    pub unreadable: Vec<String>,
    pub peppers: Vec<PepperInUse>,
}

/// A pepper, and how many hashes were made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperInUse {
    /// None: without a pepper.
    pub id: Option<String>,
    pub passwords: u64,
    /// Entries of the memory that reuse prevention has.
    pub remembered_passwords: u64,
    pub is_current: bool,
    pub is_given: bool,
}

impl Operation for RotateKeys {
    type Output = KeysRotated;
    const NAME: &'static str = "RotateKeys";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<KeysRotated, Error> {
        let mut rotated = KeysRotated { resealed: 0, left: 0, unreadable: Vec::new(), peppers: peppers(cx).await? };
        rotated.resealed += u64::from(reseal_throttle_key(cx).await?);
        for column in &SEALED_COLUMNS {
            for key_id in other_keys(cx, column).await? {
                reseal(cx, column, &key_id, &mut rotated).await?;
            }
        }
        for column in &SEALED_COLUMNS {
            for key_id in other_keys(cx, column).await? {
                rotated.left += cx.app.store.count_sealed_with(column, &key_id).await.map_err(store_failure)?;
            }
        }
        rotated.left += u64::from(old_throttle_key(cx).await?.is_some());
        if rotated.left == 0 {
            belongs_to_current(cx, Self::NAME).await?;
        }
        Ok(rotated)
    }
}

async fn other_keys(cx: &Authorized<'_>, column: &SealedColumn) -> Result<Vec<Vec<u8>>, Error> {
    let mut keys = cx.app.store.sealing_keys(column).await.map_err(store_failure)?;
    keys.retain(|key_id| key_id != cx.app.sealer.current_id());
    Ok(keys)
}

/// Everything in one column that is sealed with one key, batch by batch.
async fn reseal(
    cx: &Authorized<'_>,
    column: &SealedColumn,
    key_id: &[u8],
    rotated: &mut KeysRotated,
) -> Result<(), Error> {
    let store = &cx.app.store;
    let mut after = String::new();
    loop {
        let batch = store.sealed_values(column, key_id, &after, BATCH).await.map_err(store_failure)?;
        let Some(last) = batch.last() else { return Ok(()) };
        after.clone_from(&last.row);
        let mut anew = Vec::with_capacity(batch.len());
        for value in batch {
            match cx.app.sealer.reseal(&cx.app.random, place(column, &value), &value.sealed) {
                Ok(sealed) => anew.push((value, sealed)),
                Err(error) => {
                    tracing::warn!(table = column.table, row = %value.row, %error, "a sealed value cannot be opened");
                    rotated.unreadable.push(value.row);
                }
            }
        }
        let record = |values: u64| {
            let response = json!({ "table": column.table, "sealedAnew": values });
            cx.audit_record_of_step(RotateKeys::NAME).with_response(&response)
        };
        rotated.resealed += store.replace_sealed_values(column, &anew, record).await.map_err(store_failure)?;
    }
}

/// As it is kept, where that is not with the current root secret.
async fn old_throttle_key(cx: &Authorized<'_>) -> Result<Option<String>, Error> {
    let kept = cx.app.store.installation_value(THROTTLE_KEY).await.map_err(store_failure)?;
    Ok(kept.filter(|kept| !throttle_key::is_current(&cx.app.sealer, kept)))
}

/// Whether it was. What the nodes count by stays the same.
async fn reseal_throttle_key(cx: &Authorized<'_>) -> Result<bool, Error> {
    let Some(kept) = old_throttle_key(cx).await? else { return Ok(false) };
    let key = throttle_key::open(&cx.app.sealer, &kept).map_err(Error::failed)?;
    let anew = throttle_key::seal(&cx.app.sealer, &cx.app.random, &key);
    let response = json!({ "table": "installation", "sealedAnew": 1 });
    let record = cx.audit_record_of_step(RotateKeys::NAME).with_response(&response);
    let replaced = cx.app.store.replace_installation_value(THROTTLE_KEY, &kept, &anew, &record).await;
    replaced.map_err(store_failure)
}

/// One that nothing opens any more gives way to another; every count of tries begins anew with it.
async fn replace_lost_throttle_key(cx: &Authorized<'_>) -> Result<(), Error> {
    let Some(kept) = old_throttle_key(cx).await? else { return Ok(()) };
    if throttle_key::open(&cx.app.sealer, &kept).is_ok() {
        return Ok(());
    }
    let anew = throttle_key::seal(&cx.app.sealer, &cx.app.random, &cx.app.throttle_key);
    let response = json!({ "throttleKey": "replaced" });
    let record = cx.audit_record_of_step(ReplaceLostRootSecret::NAME).with_response(&response);
    let replaced = cx.app.store.replace_installation_value(THROTTLE_KEY, &kept, &anew, &record).await;
    replaced.map(drop).map_err(store_failure)
}

fn place<'a>(column: &SealedColumn, value: &'a SealedValue) -> Place<'a> {
    Place { table: column.table, column: column.column, row: &value.row, owner: &value.owner }
}

/// From now on the database belongs to the current root secret alone: a start without the one before is right.
async fn belongs_to_current(cx: &Authorized<'_>, event_name: &str) -> Result<(), Error> {
    let (store, current) = (&cx.app.store, &cx.app.root_secrets.current);
    let stands = store.installation_value(ROOT_SECRET_CHECK).await.map_err(store_failure)?;
    let Some(stands) = stands.filter(|value| !current.fits(value)) else { return Ok(()) };
    let record = cx.audit_record_of_step(event_name).with_response(&json!({ "rootSecret": "exchanged" }));
    // That another process was first is no matter: it has found the same.
    let replaced = store.replace_installation_value(ROOT_SECRET_CHECK, &stands, &current.check_value(), &record).await;
    replaced.map(drop).map_err(store_failure)
}

/// Goes by key through what is remembered: an index of it would serve nothing else.
async fn peppers(cx: &Authorized<'_>) -> Result<Vec<PepperInUse>, Error> {
    let mut found: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    for group in cx.app.store.hash_parameters_in_use().await.map_err(store_failure)? {
        found.entry(pepper_id(&group.parameters)).or_default().0 += group.passwords;
    }
    let mut last = None;
    loop {
        let page = cx.app.store.remembered_hashes(last.as_ref(), PAGE).await.map_err(store_failure)?;
        for entry in &page {
            found.entry(pepper_id(entry.hash.parameters())).or_default().1 += 1;
        }
        match page.into_iter().last() {
            Some(entry) => last = Some(entry),
            None => break,
        }
    }
    let hasher = &cx.app.hasher;
    let in_use = |(id, (passwords, remembered_passwords)): (Option<String>, (u64, u64))| PepperInUse {
        is_current: hasher.current_pepper() == id.as_deref(),
        is_given: hasher.knows_pepper(id.as_deref()),
        id,
        passwords,
        remembered_passwords,
    };
    Ok(found.into_iter().map(in_use).collect())
}

/// The root secret is lost: what only it opens goes, and the database belongs to the one that is given from now on.
#[derive(Debug, Clone, Copy)]
pub struct ReplaceLostRootSecret;

impl Operation for ReplaceLostRootSecret {
    /// The IDs of the access keys that went.
    type Output = Vec<String>;
    const NAME: &'static str = "ReplaceLostRootSecret";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Vec<String>, Error> {
        let mut gone = Vec::new();
        for column in &SEALED_COLUMNS {
            for key_id in cx.app.store.sealing_keys(column).await.map_err(store_failure)? {
                if !cx.app.sealer.knows(&key_id) {
                    delete_sealed_with(cx, column, &key_id, &mut gone).await?;
                }
            }
        }
        replace_lost_throttle_key(cx).await?;
        belongs_to_current(cx, Self::NAME).await?;
        Ok(gone)
    }
}

/// Everything in one column that is sealed with one key, batch by batch. What another process has changed since it was read
/// does not go, and is not told.
async fn delete_sealed_with(
    cx: &Authorized<'_>,
    column: &SealedColumn,
    key_id: &[u8],
    gone: &mut Vec<String>,
) -> Result<(), Error> {
    let store = &cx.app.store;
    let record = |rows: &[String]| {
        let response = json!({ "table": column.table, "deleted": rows });
        cx.audit_record_of_step(ReplaceLostRootSecret::NAME).with_response(&response)
    };
    loop {
        let batch = store.sealed_values(column, key_id, "", BATCH).await.map_err(store_failure)?;
        if batch.is_empty() {
            return Ok(());
        }
        gone.extend(store.delete_sealed_values(column, &batch, record).await.map_err(store_failure)?);
    }
}
