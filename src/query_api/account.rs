//! The account on the wire: its alias, and what it holds.

use super::actions::Call;
use super::members::{ACCOUNT_ALIAS, MARKER, MAX_ITEMS, Member};
use super::page::rest;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::account::AccountAlias;
use crate::domain::error::Error;
use crate::domain::page::Paged;
use crate::domain::quota::Quota;
use crate::operations::account::{AccountSummary, GetAccountSummary};
use crate::operations::account_alias::{CreateAccountAlias, DeleteAccountAlias, ListAccountAliases};

impl Call for CreateAccountAlias {
    const MEMBERS: &'static [Member] = &[ACCOUNT_ALIAS.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { account_alias: p.needed("AccountAlias", AccountAlias::parse)? })
    }
}

impl Call for ListAccountAliases {
    const MEMBERS: &'static [Member] = &[MARKER, MAX_ITEMS];
    const RESULT: Option<fn(&Paged<AccountAlias>, &mut Xml)> = Some(|listed, xml| {
        let aliases: Vec<&str> = listed.items.iter().map(AccountAlias::as_str).collect();
        xml.texts("AccountAliases", &aliases);
        rest(xml, listed);
    });

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { page: p.page()? })
    }
}

impl Call for DeleteAccountAlias {
    const MEMBERS: &'static [Member] = &[ACCOUNT_ALIAS.required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { account_alias: p.needed("AccountAlias", AccountAlias::parse)? })
    }
}

impl Call for GetAccountSummary {
    const MEMBERS: &'static [Member] = &[];
    const RESULT: Option<fn(&AccountSummary, &mut Xml)> = Some(|summary, xml| {
        xml.element("SummaryMap", |xml| {
            for (key, value) in entries(summary) {
                xml.element("entry", |xml| {
                    xml.text("key", key);
                    xml.number("value", value);
                });
            }
        });
    });

    fn read(_: &mut Parameters) -> Result<Self, Error> {
        Ok(Self)
    }
}

/// What is true here of AWS's list. A limit that is not enforced is left out, not made up.
fn entries(summary: &AccountSummary) -> Vec<(&'static str, i64)> {
    vec![
        ("Users", summary.users),
        ("Groups", summary.groups),
        ("Policies", summary.policies),
        ("PolicyVersionsInUse", summary.policies),
        ("VersionsPerPolicyQuota", 1),
        ("AccessKeysPerUserQuota", Quota::AccessKeysPerUser.limit().into()),
        ("GroupsPerUserQuota", Quota::GroupsPerUser.limit().into()),
        ("AttachedPoliciesPerUserQuota", Quota::PoliciesPerUser.limit().into()),
        ("AttachedPoliciesPerGroupQuota", Quota::PoliciesPerGroup.limit().into()),
        ("Roles", 0),
        ("InstanceProfiles", 0),
        ("Providers", 0),
        ("ServerCertificates", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
    ]
}
