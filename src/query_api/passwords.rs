//! Passwords on the wire: the caller's own, and users' login profiles.

use super::actions::Call;
use super::members::{Member, SHORT_USER_NAME, flag, not_served, password};
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::password::TypedPassword;
use crate::domain::user::UserName;
use crate::operations::login_profile::{
    CreateLoginProfile, DeleteLoginProfile, GetLoginProfile, LoginProfileFound, UpdateLoginProfile,
};
use crate::operations::password::ChangePassword;

impl Call for ChangePassword {
    const MEMBERS: &'static [Member] = &[password("OldPassword").required(), password("NewPassword").required()];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { old_password: needed(p, "OldPassword"), new_password: needed(p, "NewPassword") })
    }
}

/// The check has found it.
fn needed(p: &Parameters, name: &str) -> TypedPassword {
    p.password(name).unwrap_or_else(|| TypedPassword::new(""))
}

const PROFILE: fn(&LoginProfileFound, &mut Xml) = |found, xml| {
    xml.element("LoginProfile", |xml| {
        xml.text("UserName", found.user_name.as_str());
        xml.time("CreateDate", found.created_at);
        xml.flag("PasswordResetRequired", found.password_reset_required);
    });
};

impl Call for CreateLoginProfile {
    const MEMBERS: &'static [Member] = &[
        SHORT_USER_NAME,
        password("Password").required(),
        flag("PasswordResetRequired"),
        not_served("MaxSigninSessionDuration"),
    ];
    const RESULT: Option<fn(&LoginProfileFound, &mut Xml)> = Some(PROFILE);

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.given("UserName", UserName::asked_for)?,
            password: needed(p, "Password"),
            password_reset_required: p.flag("PasswordResetRequired").unwrap_or(false),
        })
    }
}

impl Call for GetLoginProfile {
    const MEMBERS: &'static [Member] = &[SHORT_USER_NAME];
    const RESULT: Option<fn(&LoginProfileFound, &mut Xml)> = Some(PROFILE);

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.given("UserName", UserName::asked_for)? })
    }
}

impl Call for UpdateLoginProfile {
    const MEMBERS: &'static [Member] = &[
        SHORT_USER_NAME.required(),
        password("Password"),
        flag("PasswordResetRequired"),
        not_served("MaxSigninSessionDuration"),
        not_served("ResetMaxSigninSessionDuration"),
    ];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self {
            user_name: p.needed("UserName", UserName::asked_for)?,
            password: p.password("Password"),
            password_reset_required: p.flag("PasswordResetRequired"),
        })
    }
}

impl Call for DeleteLoginProfile {
    const MEMBERS: &'static [Member] = &[SHORT_USER_NAME];

    fn read(p: &mut Parameters) -> Result<Self, Error> {
        Ok(Self { user_name: p.given("UserName", UserName::asked_for)? })
    }
}
