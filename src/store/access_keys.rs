//! Access keys, and the one read that a signed request is authenticated and authorised by.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, statements, transaction};
use super::error::{Constraint, StoreError};
use super::permissions::{Gathered, PermissionsRow, permissions};
use crate::domain::access_key::{AccessKeyId, LAST_USED_SPAN, LastUsed, Status};
use crate::domain::quota::Quota;
use crate::domain::user::UserId;
use time::{Duration, OffsetDateTime};

pub use super::permissions::Permissions;

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeyRecord {
    pub access_key_id: AccessKeyId,
    pub user_id: UserId,
    /// 1 or 2: a user has no third key.
    pub slot: u32,
    pub status: Status,
    pub created_at: OffsetDateTime,
    pub last_used: Option<LastUsed>,
}

/// The table and the column that a sealed secret stands in.
pub const SEALED: (&str, &str) = ("access_keys", "secret");

/// A key that is about to be made.
#[derive(Debug, Clone)]
pub struct NewAccessKey {
    pub access_key_id: AccessKeyId,
    pub user_id: UserId,
    /// Sealed.
    pub secret: Vec<u8>,
    pub at: OffsetDateTime,
    /// Of the request that makes it, where it was signed: makes something once only.
    pub signature_hash: Option<String>,
}

/// What a signed request is authenticated by.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    pub access_key: AccessKeyRecord,
    /// Sealed.
    pub secret: Vec<u8>,
    pub permissions: Permissions,
}

/// A signature is good for 15 minutes on either side of the moment in it. Why so much longer: a clock that goes wrong, and is
/// set right again, must not forget one that is good once more.
const SIGNATURE_KEPT: Duration = Duration::days(400);

macro_rules! access_key_columns {
    () => {
        "k.access_key_id, k.user_id AS key_user_id, k.slot, k.status, k.created_at AS key_created_at, \
         k.last_used_at, k.last_used_service, k.last_used_region"
    };
}

statements! {
    SPEND = "INSERT INTO spent_signatures (signature_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Into the first slot that is free; into none where both are taken.
    CREATE = "INSERT INTO access_keys (access_key_id, user_id, slot, secret, status, created_at) \
              SELECT $1, $2, s.slot, $3, 'Active', $4 FROM (SELECT 1 AS slot UNION ALL SELECT 2 AS slot) s \
              WHERE s.slot NOT IN (SELECT slot FROM access_keys WHERE user_id = $2) ORDER BY s.slot LIMIT 1";
    OF_USER = concat!("SELECT ", access_key_columns!(), " FROM access_keys k WHERE k.user_id = $1 ORDER BY k.slot");
    BY_ID = concat!("SELECT ", access_key_columns!(), " FROM access_keys k WHERE k.access_key_id = $1");
    FACTS = permissions!(
        concat!(", k.secret, ", access_key_columns!()),
        " JOIN access_keys k ON k.access_key_id = $1 AND k.user_id = u.user_id",
        "(SELECT user_id FROM access_keys WHERE access_key_id = $1)"
    );
    SET_STATUS = "UPDATE access_keys SET status = $3 WHERE access_key_id = $1 AND user_id = $2";
    DELETE = "DELETE FROM access_keys WHERE access_key_id = $1 AND user_id = $2";
    USED = "UPDATE access_keys SET last_used_at = $2, last_used_service = $3, last_used_region = $4 \
            WHERE access_key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $5 OR last_used_at >= $6)";
    FORGET_SPENT = "DELETE FROM spent_signatures WHERE signature_hash IN \
                    (SELECT signature_hash FROM spent_signatures WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

impl Record for AccessKeyRecord {
    const TABLE: &'static str = "access_keys";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let last_used = match row.get::<Option<OffsetDateTime>>("last_used_at")? {
            Some(at) => {
                Some(LastUsed { at, service: row.get("last_used_service")?, region: row.get("last_used_region")? })
            }
            None => None,
        };
        Ok(Self {
            access_key_id: row.get("access_key_id")?,
            user_id: row.get("key_user_id")?,
            slot: row.get("slot")?,
            status: row.get("status")?,
            created_at: row.get("key_created_at")?,
            last_used,
        })
    }
}

struct FactsRow {
    access_key: AccessKeyRecord,
    secret: Vec<u8>,
    permissions: PermissionsRow,
}

impl Record for FactsRow {
    const TABLE: &'static str = "access_keys";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            access_key: AccessKeyRecord::read(row)?,
            secret: row.get("secret")?,
            permissions: PermissionsRow::read(row)?,
        })
    }
}

impl Store {
    /// `QuotaExceeded` where the user has two; `AlreadyExists(Signature)` where the request has made one before;
    /// `Conflict` where the user is gone.
    pub async fn create_access_key(&self, key: &NewAccessKey, record: &AuditRecord) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_user(&key.user_id).await?;
            let NewAccessKey { access_key_id, user_id, secret, at, .. } = key;
            if tx.execute(CREATE, &[access_key_id, user_id, secret, at]).await? == 0 {
                return Err(StoreError::QuotaExceeded(Quota::AccessKeysPerUser));
            }
            if let Some(signature) = &key.signature_hash
                && tx.execute(SPEND, &[signature, &(key.at + SIGNATURE_KEPT)]).await? == 0
            {
                return Err(StoreError::AlreadyExists(Constraint::Signature));
            }
            tx.write_audit(record).await
        })
    }

    /// At most two, by slot: a key made again may come before an older one.
    pub async fn access_keys(&self, user_id: &UserId) -> Result<Vec<AccessKeyRecord>, StoreError> {
        self.engine.list(OF_USER, &[user_id]).await
    }

    pub async fn access_key(&self, access_key_id: &AccessKeyId) -> Result<Option<AccessKeyRecord>, StoreError> {
        self.engine.find(BY_ID, &[access_key_id]).await
    }

    /// The key with its sealed secret, its user and what the user may do, as they stood at one moment.
    pub async fn key_facts(&self, access_key_id: &AccessKeyId) -> Result<Option<KeyFacts>, StoreError> {
        let mut key = None;
        let mut gathered = Gathered::default();
        for row in self.engine.list::<FactsRow>(FACTS, &[access_key_id]).await? {
            gathered.add(row.permissions);
            key = Some((row.access_key, row.secret));
        }
        Ok(gathered.permissions().zip(key).map(|(permissions, (access_key, secret))| KeyFacts {
            access_key,
            secret,
            permissions,
        }))
    }

    /// `Absent` where the user has no such key.
    pub async fn set_access_key_status(
        &self,
        access_key_id: &AccessKeyId,
        user_id: &UserId,
        status: Status,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            if tx.execute(SET_STATUS, &[access_key_id, user_id, &status]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }

    /// `Absent` where the user has no such key.
    pub async fn delete_access_key(
        &self,
        access_key_id: &AccessKeyId,
        user_id: &UserId,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            if tx.execute(DELETE, &[access_key_id, user_id]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }

    /// Writes at most once in 15 minutes.
    pub async fn access_key_used(&self, access_key_id: &AccessKeyId, used: &LastUsed) -> Result<(), StoreError> {
        let (before, after) = (used.at - LAST_USED_SPAN, used.at + LAST_USED_SPAN);
        transaction!(self.engine, |tx| {
            let values: [&dyn super::fields::Bind; 6] =
                [access_key_id, &used.at, &used.service, &used.region, &before, &after];
            tx.execute(USED, &values).await.map(|_| ())
        })
    }

    /// Signatures that are too old to be accepted again; how many rows went.
    pub async fn forget_spent_signatures(&self, now: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        transaction!(self.engine, |tx| { tx.execute(FORGET_SPENT, &[&now, &limit]).await })
    }
}
