//! Inline policies and attachments on the wire, for users and for groups.

use super::actions::Call;
use super::members::{
    GROUP_NAME, MARKER, MAX_ITEMS, Member, POLICY_ARN, POLICY_DOCUMENT, POLICY_NAME, POLICY_PATH_PREFIX,
    SHORT_USER_NAME, USER_NAME,
};
use super::page::rest;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::arn::PolicyArn;
use crate::domain::error::{Error, ParseError};
use crate::domain::group::GroupName;
use crate::domain::name::PolicyName;
use crate::domain::page::Paged;
use crate::domain::user::UserName;
use crate::operations::attached_policy::{AttachPolicy, DetachPolicy, ListAttachedPolicies};
use crate::operations::inline_policy::{
    DeleteInlinePolicy, GetInlinePolicy, InlinePolicy, ListInlinePolicies, PutInlinePolicy,
};
use crate::operations::policy_holder::PolicyHolder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986: all but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A kind of holder, as requests name it.
trait NamedHolder: PolicyHolder + Clone {
    const MEMBER: Member;
    /// The same, where it is about attached policies.
    const MEMBER_OF_ATTACHED: Member;

    fn parse(text: &str) -> Result<Self, ParseError>;
}

impl NamedHolder for UserName {
    const MEMBER: Member = USER_NAME.required();
    const MEMBER_OF_ATTACHED: Member = SHORT_USER_NAME.required();

    fn parse(text: &str) -> Result<Self, ParseError> {
        Self::asked_for(text)
    }
}

impl NamedHolder for GroupName {
    const MEMBER: Member = GROUP_NAME.required();
    const MEMBER_OF_ATTACHED: Member = GROUP_NAME.required();

    fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn holder<H: NamedHolder>(p: &Parameters) -> Result<H, Error> {
    p.needed(H::MEMBER.name, H::parse)
}

impl<H: NamedHolder> Call for PutInlinePolicy<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER, POLICY_NAME.required(), POLICY_DOCUMENT.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            holder: holder(p)?,
            policy_name: p.needed("PolicyName", PolicyName::parse)?,
            policy_document: p.text("PolicyDocument").unwrap_or_default().to_owned(),
        })
    }
}

impl<H: NamedHolder> Call for GetInlinePolicy<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER, POLICY_NAME.required()];
    const RESULT: Option<fn(&InlinePolicy<H>, &mut Xml)> = Some(|found, xml| {
        xml.text(H::MEMBER.name, found.holder.as_str());
        xml.text("PolicyName", found.policy_name.as_str());
        document(xml, "PolicyDocument", &found.policy_document);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, policy_name: p.needed("PolicyName", PolicyName::parse)? })
    }
}

impl<H: NamedHolder> Call for ListInlinePolicies<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER, MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<String>, &mut Xml)> = Some(|listed, xml| {
        xml.texts("PolicyNames", &listed.items);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, page: p.page()? })
    }
}

impl<H: NamedHolder> Call for DeleteInlinePolicy<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER, POLICY_NAME.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, policy_name: p.needed("PolicyName", PolicyName::parse)? })
    }
}

impl<H: NamedHolder> Call for AttachPolicy<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER_OF_ATTACHED, POLICY_ARN.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, policy_arn: p.needed("PolicyArn", PolicyArn::parse)? })
    }
}

impl<H: NamedHolder> Call for DetachPolicy<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER_OF_ATTACHED, POLICY_ARN.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, policy_arn: p.needed("PolicyArn", PolicyArn::parse)? })
    }
}

impl<H: NamedHolder> Call for ListAttachedPolicies<H> {
    const MEMBERS: &'static [Member] = &[H::MEMBER_OF_ATTACHED, POLICY_PATH_PREFIX, MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<PolicyArn>, &mut Xml)> = Some(|listed, xml| {
        xml.list("AttachedPolicies", &listed.items, |xml, arn| {
            xml.text("PolicyName", arn.policy_name());
            xml.text("PolicyArn", arn.as_str());
        });
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { holder: holder(p)?, path_prefix: p.path_prefix(), page: p.page()? })
    }
}

/// Percent-encoded within the XML, as AWS has it.
pub(super) fn document(xml: &mut Xml, name: &str, document: &str) {
    xml.text(name, &utf8_percent_encode(document, RESERVED).to_string());
}
