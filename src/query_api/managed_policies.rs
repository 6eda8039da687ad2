//! Managed policies on the wire.

use super::actions::Call;
use super::members::{
    DESCRIPTION, MARKER, MAX_ITEMS, Member, POLICY_ARN, POLICY_DOCUMENT, POLICY_NAME, POLICY_PATH, POLICY_PATH_PREFIX,
    VERSION_ID, WHOLE_PATH_PREFIX, flag, not_served, one_of,
};
use super::page::rest;
use super::parameters::Parameters;
use super::policies::document;
use super::xml::Xml;
use crate::domain::arn::PolicyArn;
use crate::domain::error::Error;
use crate::domain::managed_policy::VERSION;
use crate::domain::name::PolicyName;
use crate::domain::page::Paged;
use crate::domain::user::Path;
use crate::operations::list_policies::{Entity, ListEntitiesForPolicy, ListPolicies, Scope};
use crate::operations::managed_policy::{
    CreatePolicy, DeletePolicy, GetPolicy, GetPolicyVersion, ListPolicyVersions, ManagedPolicy,
};

impl Call for CreatePolicy {
    const MEMBERS: &'static [Member] =
        &[POLICY_NAME.required(), POLICY_PATH, POLICY_DOCUMENT.required(), DESCRIPTION, not_served("Tags")];
    const RESULT: Option<fn(&ManagedPolicy, &mut Xml)> =
        Some(|created, xml| xml.element("Policy", |xml| policy(xml, created)));

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            policy_name: p.needed("PolicyName", PolicyName::parse)?,
            path: p.given("Path", Path::parse)?.unwrap_or_else(Path::root),
            policy_document: p.text("PolicyDocument").unwrap_or_default().to_owned(),
            description: p.text("Description").map(str::to_owned),
        })
    }
}

impl Call for GetPolicy {
    const MEMBERS: &'static [Member] = &[POLICY_ARN.required()];
    /// The description stands in this answer alone, and so do tags, which no policy has here.
    const RESULT: Option<fn(&ManagedPolicy, &mut Xml)> = Some(|found, xml| {
        xml.element("Policy", |xml| {
            policy(xml, found);
            if let Some(description) = &found.description {
                xml.text("Description", description);
            }
            xml.texts::<&str>("Tags", &[]);
        });
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { policy_arn: p.needed("PolicyArn", PolicyArn::parse)? })
    }
}

impl Call for GetPolicyVersion {
    const MEMBERS: &'static [Member] = &[POLICY_ARN.required(), VERSION_ID.required()];
    const RESULT: Option<fn(&ManagedPolicy, &mut Xml)> = Some(|found, xml| {
        xml.element("PolicyVersion", |xml| {
            document(xml, "Document", &found.document);
            version(xml, found);
        });
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            policy_arn: p.needed("PolicyArn", PolicyArn::parse)?,
            version_id: p.text("VersionId").unwrap_or_default().to_owned(),
        })
    }
}

impl Call for ListPolicyVersions {
    const MEMBERS: &'static [Member] = &[POLICY_ARN.required(), MARKER, MAX_ITEMS];
    /// Without the documents.
    const RESULT: Option<fn(&Paged<ManagedPolicy>, &mut Xml)> = Some(|listed, xml| {
        xml.list("Versions", &listed.items, version);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { policy_arn: p.needed("PolicyArn", PolicyArn::parse)?, page: p.page()? })
    }
}

impl Call for DeletePolicy {
    const MEMBERS: &'static [Member] = &[POLICY_ARN.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { policy_arn: p.needed("PolicyArn", PolicyArn::parse)? })
    }
}

/// No policy is used as a boundary here.
const USAGE: Member = one_of("PolicyUsageFilter", &["PermissionsPolicy"]);

impl Call for ListPolicies {
    const MEMBERS: &'static [Member] = &[
        one_of("Scope", &["All", "AWS", "Local"]),
        flag("OnlyAttached"),
        POLICY_PATH_PREFIX,
        USAGE,
        MARKER,
        MAX_ITEMS,
    ];
    const RESULT: Option<fn(&Paged<ManagedPolicy>, &mut Xml)> = Some(|listed, xml| {
        xml.list("Policies", &listed.items, policy);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            scope: match p.text("Scope") {
                Some("AWS") => Scope::Aws,
                Some("Local") => Scope::Local,
                _ => Scope::All,
            },
            only_attached: p.flag("OnlyAttached").unwrap_or(false),
            path_prefix: p.path_prefix(),
            page: p.page()?,
        })
    }
}

impl Call for ListEntitiesForPolicy {
    const MEMBERS: &'static [Member] = &[
        POLICY_ARN.required(),
        one_of("EntityFilter", &["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]),
        WHOLE_PATH_PREFIX,
        USAGE,
        MARKER,
        MAX_ITEMS,
    ];
    const RESULT: Option<fn(&Paged<Entity>, &mut Xml)> = Some(|listed, xml| {
        xml.element("PolicyGroups", |xml| {
            listed.items.iter().for_each(|entity| {
                if let Entity::Group(group) = entity {
                    xml.element("member", |xml| {
                        xml.text("GroupName", group.group_name.as_str());
                        xml.text("GroupId", group.group_id.as_str());
                    });
                }
            });
        });
        xml.element("PolicyUsers", |xml| {
            listed.items.iter().for_each(|entity| {
                if let Entity::User(user) = entity {
                    xml.element("member", |xml| {
                        xml.text("UserName", user.user_name.as_str());
                        xml.text("UserId", user.user_id.as_str());
                    });
                }
            });
        });
        xml.element("PolicyRoles", |_| {});
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        let filter = p.text("EntityFilter");
        Ok(Self {
            policy_arn: p.needed("PolicyArn", PolicyArn::parse)?,
            users: filter.is_none_or(|filter| filter == "User"),
            groups: filter.is_none_or(|filter| filter == "Group"),
            path_prefix: p.path_prefix(),
            page: p.page()?,
        })
    }
}

fn version(xml: &mut Xml, policy: &ManagedPolicy) {
    xml.text("VersionId", VERSION);
    xml.flag("IsDefaultVersion", true);
    xml.time("CreateDate", policy.created_at);
}

fn policy(xml: &mut Xml, policy: &ManagedPolicy) {
    xml.text("PolicyName", &policy.policy_name);
    xml.text("PolicyId", &policy.policy_id);
    xml.text("Arn", &policy.arn);
    xml.text("Path", &policy.path);
    xml.text("DefaultVersionId", VERSION);
    xml.number("AttachmentCount", policy.attachment_count);
    xml.number("PermissionsBoundaryUsageCount", 0);
    xml.flag("IsAttachable", true);
    xml.time("CreateDate", policy.created_at);
    xml.time("UpdateDate", policy.created_at);
}
