//! The account password policy on the wire.

use super::actions::Call;
use super::members::{Member, flag, number};
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::password_policy::PasswordPolicy;
use crate::operations::password_policy::{
    DeleteAccountPasswordPolicy, GetAccountPasswordPolicy, UpdateAccountPasswordPolicy,
};

impl Call for GetAccountPasswordPolicy {
    const MEMBERS: &'static [Member] = &[];
    /// What is off is left out, but for the switches.
    const RESULT: Option<fn(&PasswordPolicy, &mut Xml)> = Some(|policy, xml| {
        xml.element("PasswordPolicy", |xml| {
            xml.number("MinimumPasswordLength", policy.minimum_password_length);
            xml.flag("RequireSymbols", policy.require_symbols);
            xml.flag("RequireNumbers", policy.require_numbers);
            xml.flag("RequireUppercaseCharacters", policy.require_uppercase_characters);
            xml.flag("RequireLowercaseCharacters", policy.require_lowercase_characters);
            xml.flag("AllowUsersToChangePassword", policy.allow_users_to_change_password);
            xml.flag("ExpirePasswords", policy.max_password_age.is_some());
            if let Some(days) = policy.max_password_age {
                xml.number("MaxPasswordAge", days);
            }
            if let Some(count) = policy.password_reuse_prevention {
                xml.number("PasswordReusePrevention", count);
            }
            if policy.hard_expiry {
                xml.flag("HardExpiry", true);
            }
        });
    });

    fn read(_: &mut Parameters) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl Call for UpdateAccountPasswordPolicy {
    const MEMBERS: &'static [Member] = &[
        number("MinimumPasswordLength", 6, 128),
        flag("RequireSymbols"),
        flag("RequireNumbers"),
        flag("RequireUppercaseCharacters"),
        flag("RequireLowercaseCharacters"),
        flag("AllowUsersToChangePassword"),
        number("PasswordReusePrevention", 1, 24),
        number("MaxPasswordAge", 1, 1095),
        flag("HardExpiry"),
    ];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        let flag = |name| p.flag(name).unwrap_or(false);
        let policy = PasswordPolicy {
            minimum_password_length: p
                .number("MinimumPasswordLength")
                .unwrap_or(PasswordPolicy::default().minimum_password_length),
            require_symbols: flag("RequireSymbols"),
            require_numbers: flag("RequireNumbers"),
            require_uppercase_characters: flag("RequireUppercaseCharacters"),
            require_lowercase_characters: flag("RequireLowercaseCharacters"),
            allow_users_to_change_password: flag("AllowUsersToChangePassword"),
            max_password_age: p.number("MaxPasswordAge"),
            password_reuse_prevention: p.number("PasswordReusePrevention"),
            hard_expiry: flag("HardExpiry"),
        };
        Ok(Self { policy })
    }
}

impl Call for DeleteAccountPasswordPolicy {
    const MEMBERS: &'static [Member] = &[];

    fn read(_: &mut Parameters) -> Result<Self, Error> {
        Ok(Self)
    }
}
