//! Who one is. Nobody can be denied to know it.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use crate::domain::error::Error;
use crate::domain::principal::IamUser;

/// The caller, as STS sees it.
#[derive(Debug, Clone, Copy)]
pub struct GetCallerIdentity;

impl Operation for GetCallerIdentity {
    type Output = IamUser;
    const NAME: &'static str = "GetCallerIdentity";

    /// AWS: no permission is needed, and an explicit Deny of `sts:GetCallerIdentity` changes nothing.
    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(Vec::new())
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<IamUser, Error> {
        cx.user().cloned()
    }
}
