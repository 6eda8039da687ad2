//! The tags of users on the wire.

use super::actions::Call;
use super::members::{MARKER, MAX_ITEMS, Member, TAG_KEYS, TAGS, USER_NAME};
use super::page::rest;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::page::Paged;
use crate::domain::tag::Tag;
use crate::domain::user::UserName;
use crate::operations::user_tag::{ListUserTags, TagUser, UntagUser};

impl Call for TagUser {
    const MEMBERS: &'static [Member] = &[USER_NAME.required(), TAGS.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.needed("UserName", UserName::asked_for)?, tags: p.tags() })
    }
}

impl Call for UntagUser {
    const MEMBERS: &'static [Member] = &[USER_NAME.required(), TAG_KEYS.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.needed("UserName", UserName::asked_for)?, tag_keys: p.tag_keys() })
    }
}

impl Call for ListUserTags {
    const MEMBERS: &'static [Member] = &[USER_NAME.required(), MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<Tag>, &mut Xml)> = Some(|listed, xml| {
        xml.list("Tags", &listed.items, tag);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.needed("UserName", UserName::asked_for)?, page: p.page()? })
    }
}

pub(super) fn tag(xml: &mut Xml, tag: &Tag) {
    xml.text("Key", tag.key.as_str());
    xml.text("Value", &tag.value);
}
