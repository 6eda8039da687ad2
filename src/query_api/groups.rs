//! User groups and their members on the wire.

use super::actions::Call;
use super::members::{GROUP_NAME, MARKER, MAX_ITEMS, Member, PATH, PATH_PREFIX, USER_NAME, name, path};
use super::page::rest;
use super::parameters::Parameters;
use super::users::users;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::group::GroupName;
use crate::domain::page::Paged;
use crate::domain::user::{Path, UserName};
use crate::operations::group::{CreateGroup, DeleteGroup, GetGroup, GroupFound, GroupRecord, ListGroups, UpdateGroup};
use crate::operations::group_member::{AddUserToGroup, ListGroupsForUser, RemoveUserFromGroup};

impl Call for CreateGroup {
    const MEMBERS: &'static [Member] = &[PATH, GROUP_NAME.required()];
    const RESULT: Option<fn(&GroupRecord, &mut Xml)> =
        Some(|created, xml| xml.element("Group", |xml| group(xml, created)));

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            group_name: p.needed("GroupName", GroupName::parse)?,
            path: p.given("Path", Path::parse)?.unwrap_or_else(Path::root),
        })
    }
}

impl Call for GetGroup {
    const MEMBERS: &'static [Member] = &[GROUP_NAME.required(), MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&GroupFound, &mut Xml)> = Some(|found, xml| {
        xml.element("Group", |xml| group(xml, &found.group));
        users(xml, &found.members.items);
        rest(xml, &found.members);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { group_name: p.needed("GroupName", GroupName::parse)?, page: p.page()? })
    }
}

impl Call for ListGroups {
    const MEMBERS: &'static [Member] = &[PATH_PREFIX, MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<GroupRecord>, &mut Xml)> = Some(groups);

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { path_prefix: p.path_prefix(), page: p.page()? })
    }
}

impl Call for UpdateGroup {
    const MEMBERS: &'static [Member] = &[GROUP_NAME.required(), path("NewPath"), name("NewGroupName", 128)];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            group_name: p.needed("GroupName", GroupName::parse)?,
            new_path: p.given("NewPath", Path::parse)?,
            new_group_name: p.given("NewGroupName", GroupName::parse)?,
        })
    }
}

impl Call for DeleteGroup {
    const MEMBERS: &'static [Member] = &[GROUP_NAME.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { group_name: p.needed("GroupName", GroupName::parse)? })
    }
}

impl Call for AddUserToGroup {
    const MEMBERS: &'static [Member] = &[GROUP_NAME.required(), USER_NAME.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            group_name: p.needed("GroupName", GroupName::parse)?,
            user_name: p.needed("UserName", UserName::asked_for)?,
        })
    }
}

impl Call for RemoveUserFromGroup {
    const MEMBERS: &'static [Member] = &[GROUP_NAME.required(), USER_NAME.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            group_name: p.needed("GroupName", GroupName::parse)?,
            user_name: p.needed("UserName", UserName::asked_for)?,
        })
    }
}

impl Call for ListGroupsForUser {
    const MEMBERS: &'static [Member] = &[USER_NAME.required(), MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<GroupRecord>, &mut Xml)> = Some(groups);

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.needed("UserName", UserName::asked_for)?, page: p.page()? })
    }
}

fn groups(listed: &Paged<GroupRecord>, xml: &mut Xml) {
    xml.list("Groups", &listed.items, group);
    rest(xml, listed);
}

fn group(xml: &mut Xml, group: &GroupRecord) {
    xml.text("Path", group.path.as_str());
    xml.text("GroupName", group.group_name.as_str());
    xml.text("GroupId", group.group_id.as_str());
    xml.text("Arn", group.arn().as_str());
    xml.time("CreateDate", group.created_at);
}
