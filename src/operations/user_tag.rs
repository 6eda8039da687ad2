//! The tags of users.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use super::user::{find, find_tagged};
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::page::{Page, Paged};
use crate::domain::tag::{Tag, TagKey, has_duplicate_keys};
use crate::domain::user::UserName;
use serde_json::{Value, json};

/// Adds tags, and gives those that are there another value.
#[derive(Debug, Clone)]
pub struct TagUser {
    pub user_name: UserName,
    pub tags: Vec<Tag>,
}

impl Operation for TagUser {
    type Output = ();
    const NAME: &'static str = "TagUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::TagUser, &self.user_name).await?.bringing(&self.tags)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        refuse_duplicate_keys(self.tags.iter().map(|tag| &tag.key))?;
        let user = find(cx, &self.user_name).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "tags": recorded(&self.tags) });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store.tag_user(&user.account_id, &user.user_id, &self.tags, &record).await.map_err(store_failure)
    }
}

/// A key that the user does not have is no error.
#[derive(Debug, Clone)]
pub struct UntagUser {
    pub user_name: UserName,
    pub tag_keys: Vec<TagKey>,
}

impl Operation for UntagUser {
    type Output = ();
    const NAME: &'static str = "UntagUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::UntagUser, &self.user_name).await?.naming_keys(&self.tag_keys)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        refuse_duplicate_keys(&self.tag_keys)?;
        let user = find(cx, &self.user_name).await?;
        let keys: Vec<&str> = self.tag_keys.iter().map(TagKey::as_str).collect();
        let parameters = json!({ "userName": user.user_name.as_str(), "tagKeys": keys });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store.untag_user(&user.account_id, &user.user_id, &self.tag_keys, &record).await.map_err(store_failure)
    }
}

/// By key.
#[derive(Debug, Clone)]
pub struct ListUserTags {
    pub user_name: UserName,
    pub page: Page,
}

impl Operation for ListUserTags {
    type Output = Paged<Tag>;
    const NAME: &'static str = "ListUserTags";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::ListUserTags, &self.user_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<Tag>, Error> {
        let tagged = find_tagged(cx, &self.user_name).await?;
        Ok(self.page.of(tagged.tags, |tag| place(&tag.key)))
    }
}

/// Where a key stands in the list, short enough for a marker: of a very long key, what it begins with and a checksum.
fn place(key: &TagKey) -> String {
    const LONGEST: usize = 200;
    let folded = key.folded();
    if folded.len() <= LONGEST {
        return folded;
    }
    let checksum = folded
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}~{checksum:016x}", &folded[..folded.floor_char_boundary(LONGEST)])
}

pub(super) fn refuse_duplicate_keys<'k>(keys: impl IntoIterator<Item = &'k TagKey>) -> Result<(), Error> {
    if has_duplicate_keys(keys) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(Error::refused(Code::InvalidInput, message));
    }
    Ok(())
}

pub(super) fn recorded(tags: &[Tag]) -> Vec<Value> {
    tags.iter().map(|tag| json!({ "key": tag.key.as_str(), "value": tag.value })).collect()
}
