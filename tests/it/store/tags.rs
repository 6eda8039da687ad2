//! The tags of users.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::domain::tag::Tag;
use my_security_credentials::store::users::NewUser;

on_both_engines! {
    a_user_is_made_with_its_tags,
    a_tag_is_added_and_replaced_whatever_the_case_of_its_key,
    a_tag_is_taken_away_whatever_the_case_of_its_key,
    tags_are_read_with_their_user_by_key,
    a_user_has_fifty_tags_at_most,
    a_user_is_made_with_fifty_tags_at_most,
    a_user_who_is_gone_gets_no_tags,
    a_change_of_tags_that_cannot_be_recorded_is_undone,
}

async fn tags_of_alice(database: &Database) -> Vec<Tag> {
    database.store.tagged_user(&account_id(), &name("alice")).await.unwrap().unwrap().tags
}

async fn tag_alice(database: &Database, tags: &[Tag]) {
    database.store.tag_user(&account_id(), &alice(), tags, &record("TagUser")).await.unwrap();
}

async fn a_user_is_made_with_its_tags(database: &Database) {
    with_alice(database).await;
    let dave = NewUser { tags: vec![tag("Team", "blue"), tag("Empty", "")], ..new_user(user_id('D'), "Dave") };
    database.store.create_user(&dave, &[]).await.unwrap();
    let found = database.store.tagged_user(&account_id(), &name("DAVE")).await.unwrap().unwrap();
    assert_eq!(
        (found.user, found.tags),
        (user(database, &user_id('D')).await, vec![tag("Empty", ""), tag("Team", "blue")])
    );
    assert_eq!(tags_of_alice(database).await, []);
}

async fn a_tag_is_added_and_replaced_whatever_the_case_of_its_key(database: &Database) {
    with_alice(database).await;
    let tagging = |tags: Vec<Tag>| async move {
        database.store.tag_user(&account_id(), &alice(), &tags, &record("TagUser")).await
    };
    assert_eq!(moves(database, tagging(vec![tag("Team", "blue"), tag("Straße", "Ö 1")])).await, 1);
    assert_eq!(moves(database, tagging(vec![tag("tEAM", "red"), tag("Cost", "")])).await, 1);
    assert_eq!(tags_of_alice(database).await, [tag("Cost", ""), tag("Straße", "Ö 1"), tag("tEAM", "red")]);
    assert_eq!(moves(database, tagging(vec![tag("STRAßE", "2")])).await, 1);
    assert_eq!(tags_of_alice(database).await.len(), 3);
    assert_eq!(recorded(database, "TagUser").await, 3);
}

async fn a_tag_is_taken_away_whatever_the_case_of_its_key(database: &Database) {
    with_two_accounts(database).await;
    tag_alice(database, &[tag("Team", "blue"), tag("Cost", "1"), tag("Ärger", "")]).await;
    database.store.tag_user(&account_id(), &bob(), &[tag("Team", "blue")], &record("TagUser")).await.unwrap();
    let keys = [tag_key("TEAM"), tag_key("ärger"), tag_key("unknown")];
    let moved = moves(database, database.store.untag_user(&account_id(), &alice(), &keys, &record("UntagUser"))).await;
    assert_eq!(moved, 1);
    assert_eq!(tags_of_alice(database).await, [tag("Cost", "1")]);
    let bobs = database.store.tagged_user(&account_id(), &name("Bob")).await.unwrap().unwrap();
    assert_eq!(bobs.tags, [tag("Team", "blue")]);
    assert_eq!(recorded(database, "UntagUser").await, 1);
}

/// Letters beyond ASCII come last on both engines, whatever the language of the database.
async fn tags_are_read_with_their_user_by_key(database: &Database) {
    with_two_accounts(database).await;
    let by_key = [tag("a", "1"), tag("B", "2"), tag("C-d", "3"), tag("c:d", "4"), tag("Ä", "5")];
    let mut unordered = by_key.to_vec();
    unordered.reverse();
    tag_alice(database, &unordered).await;
    assert_eq!(tags_of_alice(database).await, by_key);

    let store = &database.store;
    let bobs = store.tagged_user(&account_id(), &name("Bob")).await.unwrap().unwrap();
    assert_eq!((bobs.user, bobs.tags), (user(database, &bob()).await, vec![]));
    assert_eq!(store.tagged_user(&other_account_id(), &name("Alice")).await.unwrap(), None);
}

fn numbered(keys: std::ops::Range<u32>) -> Vec<Tag> {
    keys.map(|number| tag(&format!("key-{number:02}"), "v")).collect()
}

async fn a_user_has_fifty_tags_at_most(database: &Database) {
    with_two_accounts(database).await;
    database.store.tag_user(&account_id(), &bob(), &numbered(0..50), &record("TagUser")).await.unwrap();
    tag_alice(database, &numbered(0..49)).await;
    let two_more = numbered(49..51);
    let outcome =
        refused(database, database.store.tag_user(&account_id(), &alice(), &two_more, &record("TooMany"))).await;
    assert_too_many(outcome, Quota::TagsPerUser);
    tag_alice(database, &numbered(48..50)).await;
    tag_alice(database, &[tag("KEY-07", "another value")]).await;
    let outcome =
        refused(database, database.store.tag_user(&account_id(), &alice(), &[tag("more", "")], &record("TooMany")))
            .await;
    assert_too_many(outcome, Quota::TagsPerUser);
    assert_eq!(tags_of_alice(database).await.len(), 50);
}

async fn a_user_is_made_with_fifty_tags_at_most(database: &Database) {
    with_alice(database).await;
    let with_tags = |count| NewUser { tags: numbered(0..count), ..new_user(user_id('D'), "Dave") };
    let outcome = refused(database, database.store.create_user(&with_tags(51), &[record("CreateUser")])).await;
    assert_too_many(outcome, Quota::TagsPerUser);
    database.store.create_user(&with_tags(50), &[record("CreateUser")]).await.unwrap();
}

async fn a_user_who_is_gone_gets_no_tags(database: &Database) {
    with_alice(database).await;
    let (store, nobody, tags) = (&database.store, user_id('Z'), [tag("a", "b")]);
    assert_conflict(refused(database, store.tag_user(&account_id(), &nobody, &tags, &record("Tag"))).await);
    let keys = [tag_key("a")];
    assert_conflict(refused(database, store.untag_user(&account_id(), &nobody, &keys, &record("Untag"))).await);
}

async fn a_change_of_tags_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    tag_alice(database, &[tag("a", "b")]).await;
    let (store, unwritable) = (&database.store, unwritable(database).await);
    let tags = [tag("a", "c"), tag("d", "e")];
    assert_undone(refused(database, store.tag_user(&account_id(), &alice(), &tags, &unwritable)).await);
    let keys = [tag_key("a")];
    assert_undone(refused(database, store.untag_user(&account_id(), &alice(), &keys, &unwritable)).await);
}
