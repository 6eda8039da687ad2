//! What a request was judged by, kept for its run: what was judged is what is acted on. A row that is read again by its name
//! may be another one by then, which nobody has judged.

use crate::domain::group::GroupName;
use crate::domain::user::UserName;
use crate::store::groups::GroupRecord;
use crate::store::permissions::Permissions;
use crate::store::users::TaggedUser;
use std::sync::{Arc, Mutex, PoisonError};

/// The caller's permissions, read once for all that a request asks, and the target of the operation under way.
#[derive(Clone, Default)]
pub(super) struct Judged(Arc<Mutex<Rows>>);

#[derive(Default)]
struct Rows {
    permissions: Option<Arc<Permissions>>,
    user: Option<TaggedUser>,
    group: Option<GroupRecord>,
}

impl Judged {
    pub fn with_permissions(permissions: Permissions) -> Self {
        let rows = Rows { permissions: Some(Arc::new(permissions)), ..Rows::default() };
        Self(Arc::new(Mutex::new(rows)))
    }

    fn rows<T>(&self, look: impl FnOnce(&mut Rows) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another operation begins.
    pub fn forget_target(&self) {
        self.rows(|rows| (rows.user, rows.group) = (None, None));
    }

    /// Another change came first: nothing that was read holds any more.
    pub fn forget(&self) {
        self.rows(|rows| *rows = Rows::default());
    }

    pub fn keep_permissions(&self, read: Arc<Permissions>) -> Arc<Permissions> {
        self.rows(|rows| rows.permissions = Some(Arc::clone(&read)));
        read
    }

    pub fn permissions(&self) -> Option<Arc<Permissions>> {
        self.rows(|rows| rows.permissions.clone())
    }

    /// The caller's own row, if the caller is called so.
    pub fn own(&self, name: &UserName) -> Option<TaggedUser> {
        let own = self.permissions().filter(|own| own.user.user_name == *name)?;
        Some(TaggedUser { user: own.user.clone(), tags: own.tags.clone() })
    }

    pub fn set_user(&self, user: Option<TaggedUser>) {
        self.rows(|rows| rows.user = user);
    }

    /// The user that was judged, if it was asked for by this name, in any case.
    pub fn user(&self, name: &UserName) -> Option<TaggedUser> {
        self.rows(|rows| rows.user.clone()).filter(|judged| judged.user.user_name.folded() == name.folded())
    }

    pub fn set_group(&self, group: Option<GroupRecord>) {
        self.rows(|rows| rows.group = group);
    }

    /// The group that was judged, if it was asked for by this name, in any case.
    pub fn group(&self, name: &GroupName) -> Option<GroupRecord> {
        self.rows(|rows| rows.group.clone()).filter(|judged| judged.group_name.folded() == name.folded())
    }
}
