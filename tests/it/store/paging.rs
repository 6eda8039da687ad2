//! Long lists in pieces. Each list here holds the same five names, so that each is held to the same.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::page::{Page, Paged};
use my_security_credentials::domain::user::{Path, UserId};
use my_security_credentials::store::StoreError;
use my_security_credentials::store::groups::GroupRecord;
use my_security_credentials::store::managed_policies::ManagedPolicyRecord;
use my_security_credentials::store::policies::Holder;
use my_security_credentials::store::users::NewUser;

on_both_engines! {
    pieces_put_together_are_the_list,
    what_is_deleted_between_two_pieces_hides_and_repeats_nothing_else,
    what_is_added_between_two_pieces_hides_and_repeats_nothing_else,
    a_path_prefix_is_compared_with_its_case,
    a_piece_under_a_path_looks_through_a_thousand_names_and_no_more,
}

/// By name, without regard to case. Inline policies' names differ in case: there capitals come first. Members come by
/// their users' IDs, which are in the order of this list.
const NAMES: [&str; 5] = ["alpha", "Beta", "beta-2", "gamma", "Zeta"];
const PATHS: [&str; 5] = ["/a/", "/A/", "/a/b/", "/ab/", "/"];

fn by_bytes(names: &[&str]) -> Vec<String> {
    let mut names = owned(names);
    names.sort();
    names
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A user, a group and a policy of that name: the policy is on both; the user is in the first group, which has an inline
/// policy of that name, as Alice has.
async fn add(database: &Database, number: u32, name: &str, folder: &str) {
    let (store, id, folder) = (&database.store, account_id(), Path::parse(folder).unwrap());
    let user_id = numbered_user(number);
    let user = NewUser { path: folder.clone(), ..new_user(user_id.clone(), name) };
    store.create_user(&user, &[]).await.unwrap();
    let group = GroupRecord { path: folder.clone(), ..new_group(number, name) };
    store.create_group(&group, &record("CreateGroup")).await.unwrap();
    let policy_record = ManagedPolicyRecord { path: folder, ..new_policy(number, name) };
    store.create_managed_policy(&policy_record, &record("CreatePolicy")).await.unwrap();
    for holder in [Holder::User(&user_id), Holder::Group(&group.group_id)] {
        store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
    }
    let everybody = new_group(99, "everybody");
    store.add_user_to_group(&everybody, &user_id, NOW, &record("Add")).await.unwrap();
    for holder in [Holder::User(&alice()), Holder::Group(&everybody.group_id)] {
        store.put_inline_policy(&id, holder, &policy(name), "{}", &record("Put")).await.unwrap();
    }
}

fn numbered_user(number: u32) -> UserId {
    UserId::parse(&format!("AIDA{number:017}")).unwrap()
}

/// Takes all of it away again.
async fn remove(database: &Database, number: u32, name: &str) {
    let (store, id) = (&database.store, account_id());
    let version = store.belongings(&numbered_user(number)).await.unwrap().unwrap().version;
    store.delete_user(&numbered_user(number), version, &record("DeleteUser")).await.unwrap();
    let group = store.group(&id, &group_name(name)).await.unwrap().unwrap();
    store.delete_group(&group.group_id, group.version, &record("DeleteGroup")).await.unwrap();
    let arn = new_policy(number, name).policy_arn;
    store.delete_managed_policy(&id, &arn, &record("DeletePolicy")).await.unwrap();
    for holder in [Holder::User(&alice()), Holder::Group(&new_group(99, "everybody").group_id)] {
        store.delete_inline_policy(&id, holder, &policy(name), &record("Delete")).await.unwrap();
    }
}

/// The five, and of each noun one more at a path of its own and one in the other account.
async fn with_lists(database: &Database) {
    with_two_accounts(database).await;
    with_group(database, 99, "everybody").await;
    for ((number, name), folder) in (0..).zip(NAMES).zip(PATHS) {
        add(database, number, name, &format!("/list{folder}")).await;
    }
}

const LISTS: [&str; 8] = [
    "users",
    "groups",
    "managed policies",
    "members",
    "users with a policy",
    "groups with a policy",
    "a user's inline policies",
    "a group's inline policies",
];

/// A piece of one of the lists, as names.
async fn read(database: &Database, list: &str, prefix: &str, page: &Page) -> Result<Paged<String>, StoreError> {
    let (store, id, everybody) = (&database.store, account_id(), new_group(99, "everybody").group_id);
    Ok(match list {
        "users" => store.users(&id, prefix, page).await?.map(|user| user.user_name.to_string()),
        "groups" => store.groups(&id, prefix, page).await?.map(|group| group.group_name.to_string()),
        "managed policies" => {
            store.managed_policies(&id, prefix, false, page).await?.map(|policy| policy.policy_name.to_string())
        }
        "members" => store.members(&everybody, page).await?.map(|user| user.user_name.to_string()),
        "users with a policy" => {
            store.users_with_policy(&id, &managed(), prefix, page).await?.map(|user| user.user_name.to_string())
        }
        "groups with a policy" => {
            store.groups_with_policy(&id, &managed(), prefix, page).await?.map(|group| group.group_name.to_string())
        }
        "a user's inline policies" => store.inline_policy_names(Holder::User(&alice()), page).await?,
        _ => store.inline_policy_names(Holder::Group(&everybody), page).await?,
    })
}

async fn pieces_put_together_are_the_list(database: &Database) {
    with_lists(database).await;
    for list in LISTS {
        let wanted = if list.contains("inline") { by_bytes(&NAMES) } else { owned(&NAMES) };
        for max_items in [1, 2, 3, 5, 6, 1000] {
            let found = pieces(max_items, async |page| read(database, list, "/list/", &page).await).await;
            assert_eq!(found, wanted, "{list} by {max_items}");
        }
    }
}

/// The rest of each list, after a first piece of two and what is done in between.
async fn rest_after(database: &Database, between: impl AsyncFnOnce()) -> Vec<(&'static str, Vec<String>)> {
    let mut cursors = Vec::new();
    for list in LISTS {
        let page = Page { after: None, max_items: 2 };
        cursors.push((list, read(database, list, "/list/", &page).await.unwrap().next));
    }
    between().await;
    let mut rests = Vec::new();
    for (list, after) in cursors {
        let rest = read(database, list, "/list/", &Page { after, max_items: 1000 }).await.unwrap();
        assert_eq!(rest.next, None);
        rests.push((list, rest.items));
    }
    rests
}

async fn what_is_deleted_between_two_pieces_hides_and_repeats_nothing_else(database: &Database) {
    with_lists(database).await;
    let rests = rest_after(database, async || {
        for (number, name) in [(0, "alpha"), (1, "Beta"), (3, "gamma")] {
            remove(database, number, name).await;
        }
    });
    for (list, rest) in rests.await {
        // Zeta was in the first piece, where capitals come first.
        let wanted = if list.contains("inline") { vec!["beta-2"] } else { vec!["beta-2", "Zeta"] };
        assert_eq!(rest, wanted, "{list}");
    }
}

async fn what_is_added_between_two_pieces_hides_and_repeats_nothing_else(database: &Database) {
    with_lists(database).await;
    let rests = rest_after(database, async || {
        add(database, 10, "Alpha-2", "/list/").await;
        add(database, 11, "delta", "/list/").await;
    });
    for (list, rest) in rests.await {
        let wanted = match list {
            "members" => vec!["beta-2", "gamma", "Zeta", "Alpha-2", "delta"],
            list if list.contains("inline") => vec!["alpha", "beta-2", "delta", "gamma"],
            _ => vec!["beta-2", "delta", "gamma", "Zeta"],
        };
        assert_eq!(rest, wanted, "{list}");
    }
}

async fn a_path_prefix_is_compared_with_its_case(database: &Database) {
    with_lists(database).await;
    for list in LISTS.into_iter().filter(|list| *list != "members" && !list.contains("inline")) {
        for (prefix, wanted) in [
            ("/list/a/", vec!["alpha", "beta-2"]),
            ("/list/A", vec!["Beta"]),
            ("/list/a", vec!["alpha", "beta-2", "gamma"]),
            ("/list/%", vec![]),
            ("/list/_", vec![]),
            ("/list/a/b/c/", vec![]),
            ("/LIST/", vec![]),
        ] {
            let found = pieces(2, async |page| read(database, list, prefix, &page).await).await;
            assert_eq!(found, wanted, "{list} under {prefix}");
        }
    }
}

async fn a_piece_under_a_path_looks_through_a_thousand_names_and_no_more(database: &Database) {
    with_two_accounts(database).await;
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 12500)";
    let path = "CASE i WHEN 12400 THEN '/list/' ELSE '/' END, 0";
    let name = |begin: &str| format!("'{begin}' || i, '{}', 'crowd-' || i, 'crowd-' || i, {path}", account_id());
    for (rows, columns) in [
        (
            format!(
                "users (user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, version) {numbers} SELECT {}, 1, 1",
                name("AIDA000000000000")
            ),
            "users",
        ),
        (
            format!(
                "user_groups (group_id, account_id, group_name, group_name_folded, path, created_at, version) {numbers} SELECT {}, 1",
                name("AGPA000000000000")
            ),
            "groups",
        ),
    ] {
        database.execute(&format!("INSERT INTO {rows} FROM n")).await;
        let mut page = Page { after: Some("crowd-".to_owned()), max_items: 5 };
        for reached in ["crowd-11000", "crowd-12000"] {
            let piece = read(database, columns, "/list/", &page).await.unwrap();
            assert_eq!((piece.items, piece.next.as_deref()), (Vec::new(), Some(reached)), "{columns}");
            page.after = piece.next;
        }
        let piece = read(database, columns, "/list/", &page).await.unwrap();
        assert_eq!((piece.items, piece.next), (owned(&["crowd-12400"]), None), "{columns}");
    }
}
