//! Who one is, on the wire: the one action of STS.

use super::actions::Call;
use super::members::Member;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::principal::IamUser;
use crate::operations::caller_identity::GetCallerIdentity;

impl Call for GetCallerIdentity {
    const MEMBERS: &'static [Member] = &[];
    const RESULT: Option<fn(&IamUser, &mut Xml)> = Some(|user, xml| {
        xml.text("Arn", user.arn().as_str());
        xml.text("UserId", user.user_id.as_str());
        xml.text("Account", user.account_id.as_str());
    });

    fn read(_: &mut Parameters) -> Result<Self, Error> {
        Ok(Self)
    }
}
