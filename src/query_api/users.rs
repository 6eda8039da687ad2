//! Users on the wire.

use super::actions::Call;
use super::members::{MARKER, MAX_ITEMS, Member, PATH, PATH_PREFIX, TAGS, USER_NAME, name, not_served, path};
use super::page::rest;
use super::parameters::Parameters;
use super::user_tags::tag;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::page::Paged;
use crate::domain::tag::Tag;
use crate::domain::user::{Path, UserName};
use crate::operations::create_user::{CreateUser, UserCreated};
use crate::operations::delete_user::DeleteUser;
use crate::operations::user::{GetUser, ListUsers, UpdateUser, UserFound, UserRecord};

impl Call for CreateUser {
    const MEMBERS: &'static [Member] =
        &[PATH, name("UserName", 64).required(), not_served("PermissionsBoundary"), TAGS];
    const RESULT: Option<fn(&UserCreated, &mut Xml)> =
        Some(|created, xml| xml.element("User", |xml| user(xml, &created.user, &created.tags)));

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.needed("UserName", UserName::parse)?,
            path: p.given("Path", Path::parse)?.unwrap_or_else(Path::root),
            tags: p.tags(),
            login_profile: None,
            inline_policies: Vec::new(),
            attached_policies: Vec::new(),
        })
    }
}

impl Call for GetUser {
    const MEMBERS: &'static [Member] = &[USER_NAME];
    const RESULT: Option<fn(&UserFound, &mut Xml)> =
        Some(|found, xml| xml.element("User", |xml| user(xml, &found.user, &found.tags)));

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.given("UserName", UserName::asked_for)? })
    }
}

impl Call for ListUsers {
    const MEMBERS: &'static [Member] = &[PATH_PREFIX, MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<UserRecord>, &mut Xml)> = Some(|listed, xml| {
        users(xml, &listed.items);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { path_prefix: p.path_prefix(), page: p.page()? })
    }
}

impl Call for UpdateUser {
    const MEMBERS: &'static [Member] = &[USER_NAME.required(), path("NewPath"), name("NewUserName", 64)];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.needed("UserName", UserName::asked_for)?,
            new_path: p.given("NewPath", Path::parse)?,
            new_user_name: p.given("NewUserName", UserName::parse)?,
        })
    }
}

impl Call for DeleteUser {
    const MEMBERS: &'static [Member] = &[USER_NAME.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.needed("UserName", UserName::asked_for)?, with_belongings: false })
    }
}

/// Tags stand in the answer about one user only, and only where there are any.
fn user(xml: &mut Xml, user: &UserRecord, tags: &[Tag]) {
    xml.text("Path", user.path.as_str());
    xml.text("UserName", user.user_name.as_str());
    xml.text("UserId", user.user_id.as_str());
    xml.text("Arn", user.arn().as_str());
    xml.time("CreateDate", user.created_at);
    if let Some(used) = user.password_last_used_at {
        xml.time("PasswordLastUsed", used);
    }
    if !tags.is_empty() {
        xml.list("Tags", tags, tag);
    }
}

pub(super) fn users(xml: &mut Xml, items: &[UserRecord]) {
    xml.list("Users", items, |xml, item| user(xml, item, &[]));
}
