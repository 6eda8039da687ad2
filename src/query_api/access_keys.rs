//! Access keys on the wire.

use super::actions::Call;
use super::members::{ACCESS_KEY_ID, MARKER, MAX_ITEMS, Member, USER_NAME, one_of};
use super::page::rest;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::access_key::{AccessKeyId, Status};
use crate::domain::error::Error;
use crate::domain::user::UserName;
use crate::operations::access_key::{
    AccessKeyCreated, AccessKeysListed, CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey,
};
use crate::operations::access_key_last_used::{GetAccessKeyLastUsed, KeyLastUsed};

impl Call for CreateAccessKey {
    const MEMBERS: &'static [Member] = &[USER_NAME];
    const RESULT: Option<fn(&AccessKeyCreated, &mut Xml)> = Some(|created, xml| {
        xml.element("AccessKey", |xml| {
            xml.text("UserName", created.user_name.as_str());
            xml.text("AccessKeyId", created.access_key_id.as_str());
            xml.text("Status", Status::Active.as_str());
            xml.text("SecretAccessKey", created.secret_access_key.expose());
            xml.time("CreateDate", created.created_at);
        });
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.given("UserName", UserName::asked_for)? })
    }
}

impl Call for ListAccessKeys {
    const MEMBERS: &'static [Member] = &[USER_NAME, MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&AccessKeysListed, &mut Xml)> = Some(|listed, xml| {
        xml.list("AccessKeyMetadata", &listed.keys.items, |xml, key| {
            xml.text("UserName", listed.user_name.as_str());
            xml.text("AccessKeyId", key.access_key_id.as_str());
            xml.text("Status", key.status.as_str());
            xml.time("CreateDate", key.created_at);
        });
        rest(xml, &listed.keys);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.given("UserName", UserName::asked_for)?, page: p.page()? })
    }
}

impl Call for UpdateAccessKey {
    const MEMBERS: &'static [Member] =
        &[USER_NAME, ACCESS_KEY_ID.required(), one_of("Status", &["Active", "Inactive"]).required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.given("UserName", UserName::asked_for)?,
            access_key_id: p.needed("AccessKeyId", AccessKeyId::parse)?,
            status: p.needed("Status", Status::parse)?,
        })
    }
}

impl Call for DeleteAccessKey {
    const MEMBERS: &'static [Member] = &[USER_NAME, ACCESS_KEY_ID.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.given("UserName", UserName::asked_for)?,
            access_key_id: p.needed("AccessKeyId", AccessKeyId::parse)?,
        })
    }
}

impl Call for GetAccessKeyLastUsed {
    const MEMBERS: &'static [Member] = &[ACCESS_KEY_ID.required()];
    /// AWS writes `N/A` where there was no use.
    const RESULT: Option<fn(&KeyLastUsed, &mut Xml)> = Some(|found, xml| {
        xml.text("UserName", found.user_name.as_str());
        xml.element("AccessKeyLastUsed", |xml| {
            if let Some(used) = &found.last_used {
                xml.time("LastUsedDate", used.at);
            }
            xml.text("ServiceName", found.last_used.as_ref().map_or("N/A", |used| used.service.as_str()));
            xml.text("Region", found.last_used.as_ref().map_or("N/A", |used| used.region.as_str()));
        });
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { access_key_id: p.needed("AccessKeyId", AccessKeyId::parse)? })
    }
}
