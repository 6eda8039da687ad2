//! What a user may do, by itself and by its groups: the one read that every request is authorised by.

use super::Store;
use super::accounts::AccountRecord;
use super::engine::{Record, Row, statements};
use super::error::StoreError;
use super::users::UserRecord;
use crate::domain::account::AccountId;
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::tag::{Tag, TagKey};
use crate::domain::user::UserId;

/// What authorisation reads, as it stood at one moment. The lists are in no order: no rule asks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    pub account: AccountRecord,
    pub user: UserRecord,
    /// Name and document, the user's own and those of its groups together: a name may stand twice.
    pub inline_policies: Vec<(String, String)>,
    /// ARN and document of managed policies; AWS's have no document here.
    pub attached_policies: Vec<(String, Option<String>)>,
    /// Of the user.
    pub tags: Vec<Tag>,
    /// The account's own, of which one setting is a permission too.
    pub password_policy: Option<PasswordPolicy>,
}

/// One row for each policy and tag, and one where there is none. `$which` gives the user's ID.
macro_rules! permissions {
    ($columns:expr, $tables:literal, $which:literal) => {
        concat!(
            "SELECT ",
            $crate::store::accounts::account_columns!(),
            ", ",
            $crate::store::users::user_columns!(),
            ", ",
            $crate::store::password_policies::password_policy_columns!(),
            ", g.kind, g.name, g.content",
            $columns,
            " FROM users u JOIN accounts a ON a.account_id = u.account_id \
             LEFT JOIN password_policies p ON p.account_id = u.account_id",
            $tables,
            " LEFT JOIN (\
             SELECT 'inline' AS kind, i.policy_name AS name, i.document AS content FROM user_policies i WHERE i.user_id = ",
            $which,
            " UNION ALL SELECT 'attached', t.policy_arn, m.document FROM attached_user_policies t \
             LEFT JOIN managed_policies m ON m.policy_arn = t.policy_arn WHERE t.user_id = ",
            $which,
            " UNION ALL SELECT 'inline', i.policy_name, i.document FROM user_group_members b \
             JOIN group_policies i ON i.group_id = b.group_id WHERE b.user_id = ",
            $which,
            " UNION ALL SELECT 'attached', t.policy_arn, m.document FROM user_group_members b \
             JOIN attached_group_policies t ON t.group_id = b.group_id \
             LEFT JOIN managed_policies m ON m.policy_arn = t.policy_arn WHERE b.user_id = ",
            $which,
            " UNION ALL SELECT 'tag', t.tag_key, t.tag_value FROM user_tags t WHERE t.user_id = ",
            $which,
            ") g ON TRUE WHERE u.user_id = ",
            $which
        )
    };
}

pub(super) use permissions;

statements! {
    OF_USER = permissions!("", "", "$1");
}

pub(super) struct PermissionsRow {
    account: AccountRecord,
    user: UserRecord,
    password_policy: Option<PasswordPolicy>,
    part: Option<Part>,
}

enum Part {
    Inline(String, String),
    Attached(String, Option<String>),
    Tag(Tag),
}

impl Record for PermissionsRow {
    const TABLE: &'static str = "user_policies";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let part = match row.get::<Option<String>>("kind")?.as_deref() {
            None => None,
            Some("inline") => Some(Part::Inline(row.get("name")?, row.get("content")?)),
            Some("attached") => Some(Part::Attached(row.get("name")?, row.get("content")?)),
            Some("tag") => Some(Part::Tag(Tag { key: row.get::<TagKey>("name")?, value: row.get("content")? })),
            Some(_) => return Err(row.inconsistent("kind", &"is unknown")),
        };
        Ok(Self {
            account: AccountRecord::read(row)?,
            user: UserRecord::read(row)?,
            password_policy: row
                .get::<Option<AccountId>>("policy_account_id")?
                .map(|_| PasswordPolicy::read(row))
                .transpose()?,
            part,
        })
    }
}

/// Permissions, while their rows come in.
#[derive(Default)]
pub(super) struct Gathered(Option<Permissions>);

impl Gathered {
    pub(super) fn add(&mut self, row: PermissionsRow) {
        let PermissionsRow { account, user, password_policy, part } = row;
        let permissions = self.0.get_or_insert_with(|| Permissions {
            account,
            user,
            inline_policies: Vec::new(),
            attached_policies: Vec::new(),
            tags: Vec::new(),
            password_policy,
        });
        match part {
            None => {}
            Some(Part::Inline(name, document)) => permissions.inline_policies.push((name, document)),
            Some(Part::Attached(arn, document)) => permissions.attached_policies.push((arn, document)),
            Some(Part::Tag(tag)) => permissions.tags.push(tag),
        }
    }

    pub(super) fn permissions(self) -> Option<Permissions> {
        self.0
    }
}

impl Store {
    pub async fn permissions(&self, user_id: &UserId) -> Result<Option<Permissions>, StoreError> {
        let mut gathered = Gathered::default();
        for row in self.engine.list::<PermissionsRow>(OF_USER, &[user_id]).await? {
            gathered.add(row);
        }
        Ok(gathered.permissions())
    }
}
