//! Lists about managed policies: which there are, and who has one.

use super::attached_policy::not_attachable;
use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::managed_policy::{ManagedPolicy, find};
use super::refusal::store_failure;
use crate::domain::action::Action;
use crate::domain::arn::{Arn, PolicyArn};
use crate::domain::error::Error;
use crate::domain::managed_policy::AWS_MANAGED_POLICIES;
use crate::domain::page::{Page, Paged};
use crate::store::groups::GroupRecord;
use crate::store::users::UserRecord;

/// Whose policies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    Aws,
    Local,
}

/// AWS's policies first, then the account's, by name.
#[derive(Debug, Clone)]
pub struct ListPolicies {
    pub scope: Scope,
    pub only_attached: bool,
    pub path_prefix: String,
    pub page: Page,
}

/// What the key of AWS's policies begins with: they come before those of the account.
const AWS: &str = "aws/";
const LOCAL: &str = "local/";

impl Operation for ListPolicies {
    type Output = Paged<ManagedPolicy>;
    const NAME: &'static str = "ListPolicies";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListPolicies, Arn::any_policy(cx.account()?))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<ManagedPolicy>, Error> {
        let mut items: Vec<(String, ManagedPolicy)> = Vec::new();
        if self.scope != Scope::Local {
            items.extend(self.awss(cx).await?);
        }
        let after = self.page.after.as_deref().unwrap_or_default();
        items.retain(|(key, _)| key.as_str() > after);
        if self.scope != Scope::Aws {
            items.extend(self.local(cx, after.strip_prefix(LOCAL)).await?);
        }
        Ok(self.page.cut(items, |(key, _)| key.clone()).map(|(_, policy)| policy))
    }
}

impl ListPolicies {
    async fn awss(&self, cx: &Context) -> Result<Vec<(String, ManagedPolicy)>, Error> {
        let mut found = Vec::new();
        for policy in &AWS_MANAGED_POLICIES {
            let arn = PolicyArn::parse(policy.arn).map_err(Error::failed)?;
            let count = cx.app.store.count_attachments(cx.account()?, &arn).await.map_err(store_failure)?;
            if self.path_prefix == "/" && (!self.only_attached || count > 0) {
                let shown = ManagedPolicy { attachment_count: count, ..policy.into() };
                found.push((format!("{AWS}{}", policy.name.to_ascii_lowercase()), shown));
            }
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }

    async fn local(&self, cx: &Context, after: Option<&str>) -> Result<Vec<(String, ManagedPolicy)>, Error> {
        // One more than is wanted tells `cut` that there is more.
        let page = Page { after: after.map(str::to_owned), max_items: self.page.max_items + 1 };
        let listed = cx.app.store.managed_policies(cx.account()?, &self.path_prefix, self.only_attached, &page).await;
        let policies = listed.map_err(store_failure)?.items.into_iter();
        let keyed = policies.map(|policy| (format!("{LOCAL}{}", policy.policy_name.folded()), policy.into()));
        Ok(keyed.collect())
    }
}

/// Which users and groups of the account have a policy.
#[derive(Debug, Clone)]
pub struct ListEntitiesForPolicy {
    pub policy_arn: PolicyArn,
    pub users: bool,
    pub groups: bool,
    pub path_prefix: String,
    pub page: Page,
}

/// Groups come first.
#[derive(Debug, Clone)]
pub enum Entity {
    Group(GroupRecord),
    User(UserRecord),
}

const GROUP: &str = "group/";
const USER: &str = "user/";

impl Operation for ListEntitiesForPolicy {
    type Output = Paged<Entity>;
    const NAME: &'static str = "ListEntitiesForPolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListEntitiesForPolicy, &self.policy_arn)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<Entity>, Error> {
        match find(cx, &self.policy_arn).await {
            Err(Error::Refused(_)) => return Err(not_attachable(&self.policy_arn)),
            found => drop(found?),
        }
        let (account, store) = (cx.account()?, &cx.app.store);
        let after = self.page.after.as_deref().unwrap_or_default();
        let max_items = self.page.max_items + 1;
        let from = |after: Option<&str>| Page { after: after.map(str::to_owned), max_items };
        let mut entities: Vec<Entity> = Vec::new();
        if self.groups && !after.starts_with(USER) {
            let page = from(after.strip_prefix(GROUP));
            let groups = store.groups_with_policy(account, &self.policy_arn, &self.path_prefix, &page).await;
            entities.extend(groups.map_err(store_failure)?.items.into_iter().map(Entity::Group));
        }
        if self.users {
            let page = from(after.strip_prefix(USER));
            let users = store.users_with_policy(account, &self.policy_arn, &self.path_prefix, &page).await;
            entities.extend(users.map_err(store_failure)?.items.into_iter().map(Entity::User));
        }
        Ok(self.page.cut(entities, |entity| match entity {
            Entity::Group(group) => format!("{GROUP}{}", group.group_name.folded()),
            Entity::User(user) => format!("{USER}{}", user.user_name.folded()),
        }))
    }
}
