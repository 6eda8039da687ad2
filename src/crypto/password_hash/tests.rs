use super::*;
use crate::crypto::hashing_pool::{Benches, Workbench};
use crate::domain::password::TypedPassword;
use argon2::{PasswordVerifier, password_hash};
use std::future::Future;
use std::time::Instant;

fn cheap() -> HashingSettings {
    HashingSettings {
        memory_kib: 64,
        passes: 1,
        threads: 2,
        patience: Duration::from_mins(1),
        ..HashingSettings::default()
    }
}

fn pepper(id: &str) -> Pepper {
    Pepper::new(id, id.repeat(32).into_bytes()).unwrap()
}

fn password(text: &str) -> Password {
    TypedPassword::new(text).password().unwrap()
}

fn stored(phc: &str) -> PasswordHash {
    PasswordHash::from_phc(phc.to_owned())
}

fn salt_of(hash: &PasswordHash) -> String {
    hash.as_phc().rsplit('$').nth(1).unwrap().to_owned()
}

/// How many hashes `work` took.
async fn hashes<T>(hasher: &Hasher, work: impl Future<Output = T>) -> (u64, T) {
    let before = hasher.hashes_done();
    let result = work.await;
    (hasher.hashes_done() - before, result)
}

/// A job that keeps a thread until the sender is dropped or says so.
fn occupy(hasher: &Hasher) -> std::sync::mpsc::Sender<()> {
    let (release, held) = std::sync::mpsc::channel();
    let (begun, waiting) = std::sync::mpsc::channel();
    let hasher = hasher.clone();
    tokio::spawn(async move {
        hasher
            .run(move |_, _| {
                let _ = begun.send(());
                let _ = held.recv();
                Ok(())
            })
            .await
    });
    // The runtime of these tests has several threads: the spawned task runs while this one waits.
    waiting.recv().unwrap();
    release
}

#[tokio::test]
async fn a_hash_verifies_its_own_password_only() {
    let hasher = Hasher::start(cheap());
    let hash = hasher.hash(password("Right-1")).await.unwrap();
    let right = hasher.verify(password("Right-1"), hash.clone()).await.unwrap();
    assert_eq!(right, Verdict { matches: true, outdated: false });
    for wrong in ["Right-2", "right-1", "Right-1 ", "Right-"] {
        assert!(!hasher.verify(password(wrong), hash.clone()).await.unwrap().matches, "{wrong:?}");
    }
    assert_ne!(salt_of(&hash), salt_of(&hasher.hash(password("Right-1")).await.unwrap()), "a fresh salt each time");
}

#[tokio::test]
async fn the_default_is_owasps_argon2id_in_a_phc_string() {
    let hasher = Hasher::start(HashingSettings { threads: 1, ..HashingSettings::default() });
    let hash = hasher.hash(password("Right-1")).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
    assert!(Parameters::of(&hash).unwrap().meet_owasp_floor());
}

#[tokio::test]
async fn the_librarys_own_verifier_agrees() {
    let plain = Hasher::start(cheap()).hash(password("Right-1")).await.unwrap();
    let library = Argon2::default();
    assert_eq!(library.verify_password(b"Right-1", plain.as_phc()), Ok(()));
    assert_eq!(library.verify_password(b"Right-2", plain.as_phc()), Err(password_hash::Error::PasswordInvalid));

    let settings = HashingSettings { pepper: Some(pepper("k1")), lanes: 2, ..cheap() };
    let peppered = Hasher::start(settings).hash(password("Right-1")).await.unwrap();
    let secret = "k1".repeat(32);
    let with_secret =
        Argon2::new_with_secret(secret.as_bytes(), Algorithm::Argon2id, Version::V0x13, Params::default()).unwrap();
    assert_eq!(with_secret.verify_password(b"Right-1", peppered.as_phc()), Ok(()));
    assert!(library.verify_password(b"Right-1", peppered.as_phc()).is_err());
}

/// RFC 9106's parameters do not fit our bounds; this is the vector of the reference implementation's test suite.
#[tokio::test]
async fn the_reference_implementations_vector_verifies() {
    let vector = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let verdict = Hasher::start(cheap()).verify(password("password"), stored(vector)).await.unwrap();
    assert_eq!(verdict, Verdict { matches: true, outdated: true });
}

#[tokio::test]
async fn every_answer_costs_exactly_one_hash() {
    let hasher = Hasher::start(cheap());
    let (count, hash) = hashes(&hasher, hasher.hash(password("Right-1"))).await;
    assert_eq!(count, 1);
    let hash = hash.unwrap();
    assert_eq!(hashes(&hasher, hasher.verify(password("Right-1"), hash.clone())).await.0, 1);
    assert_eq!(hashes(&hasher, hasher.verify(password("Wrong-1"), hash.clone())).await.0, 1);
    let like = Parameters { memory_kib: 128, passes: 2, lanes: 1 };
    for text in ["", "Wrong-1", &"é".repeat(100_000)] {
        for like in [None, Some(like)] {
            let (count, result) = hashes(&hasher, hasher.verify_dummy(text.to_owned(), like)).await;
            assert_eq!((count, result), (1, Ok(())), "{} bytes", text.len());
        }
    }
}

#[tokio::test]
async fn a_dummy_costs_what_the_hash_costs_that_it_stands_for() {
    let settings = HashingSettings { pepper: Some(pepper("k1")), ..cheap() };
    let argon = Argon::new(settings.clone()).unwrap();
    let dummy = |like| argon.dummy_recipe(like).unwrap().params;
    for settings in [settings.clone(), HashingSettings { memory_kib: 512, passes: 3, lanes: 2, ..settings }] {
        let stored = Hasher::start(settings).hash(password("Right-1")).await.unwrap();
        let like = Parameters::of(&stored).unwrap();
        assert!(dummy(Some(like)) == StoredHash::parse(&stored).unwrap().recipe.params);
    }
    assert!(dummy(None) == argon.current);
    let absurd = Parameters { memory_kib: u32::MAX, passes: u32::MAX, lanes: 1 };
    assert!(dummy(Some(absurd)) == argon.current, "what is out of bounds is not imitated");
}

#[tokio::test]
async fn other_parameters_or_another_pepper_are_outdated() {
    let old = Hasher::start(cheap()).hash(password("Right-1")).await.unwrap();
    let k1 = HashingSettings { pepper: Some(pepper("k1")), ..cheap() };
    let with_k1 = Hasher::start(k1.clone()).hash(password("Right-1")).await.unwrap();
    assert!(with_k1.as_phc().contains(",keyid=azE$"), "{}", with_k1.as_phc());
    let rotated = HashingSettings { pepper: Some(pepper("k2")), previous_peppers: vec![pepper("k1")], ..cheap() };
    let stronger = HashingSettings { passes: 2, ..cheap() };
    let cases = [(&old, &stronger, true), (&old, &k1, true), (&with_k1, &k1, false), (&with_k1, &rotated, true)];
    for (hash, settings, outdated) in cases {
        let hasher = Hasher::start(settings.clone());
        let verdict = hasher.verify(password("Right-1"), hash.clone()).await.unwrap();
        assert_eq!(verdict, Verdict { matches: true, outdated }, "{settings:?}");
        assert!(!hasher.verify(password("Wrong-1"), hash.clone()).await.unwrap().matches);
    }
}

#[test]
fn a_hasher_knows_its_peppers_and_makes_new_hashes_with_the_current_one() {
    let plain = Hasher::start(HashingSettings { threads: 1, ..cheap() });
    assert_eq!(plain.current_pepper(), None);
    assert!(plain.knows_pepper(None) && !plain.knows_pepper(Some("k1")));
    let both = HashingSettings { pepper: Some(pepper("k2")), previous_peppers: vec![pepper("k1")], ..cheap() };
    let both = Hasher::start(both);
    assert_eq!(both.current_pepper(), Some("k2"));
    assert!([None, Some("k1"), Some("k2")].iter().all(|id| both.knows_pepper(*id)));
    assert!(!both.knows_pepper(Some("k3")) && !both.knows_pepper(Some("")));
}

#[tokio::test]
async fn a_pepper_that_is_gone_is_an_error_and_not_a_wrong_password() {
    let k1 = HashingSettings { pepper: Some(pepper("k1")), ..cheap() };
    let hash = Hasher::start(k1).hash(password("Right-1")).await.unwrap();
    let error = Hasher::start(cheap()).verify(password("Right-1"), hash.clone()).await.unwrap_err();
    assert_eq!(error, HashingError::UnknownPepper("k1".to_owned()));
    let same_id = Pepper::new("k1", vec![9; 32]).unwrap();
    let other = Hasher::start(HashingSettings { pepper: Some(same_id), ..cheap() });
    assert!(!other.verify(password("Right-1"), hash).await.unwrap().matches, "the secret counts, not its id");
}

#[tokio::test]
async fn a_hostile_row_is_refused_before_anything_is_computed() {
    let hasher = Hasher::start(cheap());
    let tail = "c29tZXNhbHRzYWx0$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let hostile = [
        String::new(),
        "password".to_owned(),
        format!("$argon2id$v=19$m=4194304,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=4294967295,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=1,p=8000${tail}"),
        format!("$argon2id$v=19$m=262144,t=64,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,m=4194304${tail}"),
        format!("$argon2id$v=19$m=7,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=0,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,data=AAAA${tail}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,x=1${tail}"),
        format!("$argon2i$v=19$m=64,t=1,p=1${tail}"),
        format!("$argon2d$v=19$m=64,t=1,p=1${tail}"),
        format!("$argon2id$v=16$m=64,t=1,p=1${tail}"),
        format!("$argon2id$m=64,t=1,p=1${tail}"),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0".to_owned(),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0$AAAAAAAAAAAAAA".to_owned(),
    ];
    for row in hostile {
        let error = hasher.verify(password("Right-1"), stored(&row)).await.unwrap_err();
        assert!(matches!(error, HashingError::Corrupt(_)), "{row}");
        assert!(hasher.remember(password("Right-1"), vec![stored(&row)]).await.is_err(), "{row}");
    }
    assert_eq!(hasher.hashes_done(), 0);
}

#[tokio::test]
async fn twenty_four_remembered_passwords_cost_one_hash() {
    let hasher = Hasher::start(HashingSettings { pepper: Some(pepper("k1")), ..cheap() });
    let mut entries = Vec::new();
    for number in 0..24 {
        let candidate = password(&format!("Password-{number}"));
        let (count, remembered) = hashes(&hasher, hasher.remember(candidate, entries.clone())).await;
        let remembered = remembered.unwrap();
        assert_eq!((count, remembered.matches), (1, vec![false; number]));
        entries.insert(0, remembered.entry);
    }
    assert!(entries.iter().all(|entry| salt_of(entry) == salt_of(&entries[0])), "one salt for the user");
    for number in 0..24 {
        let candidate = password(&format!("Password-{number}"));
        let (count, remembered) = hashes(&hasher, hasher.remember(candidate, entries.clone())).await;
        let expected: Vec<bool> = (0..24).map(|at| at == 23 - number).collect();
        assert_eq!((count, remembered.unwrap().matches), (1, expected), "Password-{number}");
    }
    // An entry is an ordinary hash.
    assert!(hasher.verify(password("Password-23"), entries[0].clone()).await.unwrap().matches);
}

#[tokio::test]
async fn two_users_never_share_a_salt() {
    let hasher = Hasher::start(cheap());
    let one = hasher.remember(password("Right-1"), Vec::new()).await.unwrap().entry;
    let two = hasher.remember(password("Right-1"), Vec::new()).await.unwrap().entry;
    assert_ne!(salt_of(&one), salt_of(&two));
    assert_ne!(one.as_phc(), two.as_phc());
}

#[tokio::test]
async fn after_a_change_of_parameters_one_more_hash_per_group_and_a_new_salt() {
    let old = Hasher::start(cheap());
    let first = old.remember(password("Old-1"), Vec::new()).await.unwrap().entry;
    let second = old.remember(password("Old-2"), vec![first.clone()]).await.unwrap().entry;
    let new = Hasher::start(HashingSettings { passes: 2, ..cheap() });
    let entries = vec![second, first];
    let (count, remembered) = hashes(&new, new.remember(password("Old-1"), entries.clone())).await;
    let remembered = remembered.unwrap();
    assert_eq!((count, &remembered.matches), (2, &vec![false, true]), "the old group, and the new entry");
    assert_ne!(salt_of(&remembered.entry), salt_of(&entries[0]));
    assert_eq!(Parameters::of(&remembered.entry).unwrap().passes, 2);

    let mixed = [vec![remembered.entry.clone()], entries].concat();
    let (count, again) = hashes(&new, new.remember(password("Old-1"), mixed)).await;
    let again = again.unwrap();
    assert_eq!((count, again.matches), (2, vec![true, false, true]), "one for each of two groups");
    assert_eq!(again.entry.as_phc(), remembered.entry.as_phc());
}

#[tokio::test]
async fn an_entry_with_the_newest_salt_but_other_parameters_is_a_group_of_its_own() {
    let weak = Hasher::start(cheap()).remember(password("Old-1"), Vec::new()).await.unwrap().entry;
    let hasher = Hasher::start(HashingSettings { passes: 2, ..cheap() });
    let forged = stored(&weak.as_phc().replace("t=1", "t=2"));
    let (count, remembered) = hashes(&hasher, hasher.remember(password("Old-1"), vec![forged, weak])).await;
    assert_eq!((count, remembered.unwrap().matches), (2, vec![false, true]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_are_all_answered_when_the_queue_holds_them() {
    let hasher = Hasher::start(HashingSettings { queue: 100, ..cheap() });
    let hash = hasher.hash(password("Right-1")).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (hasher, hash) = (hasher.clone(), hash.clone());
        let candidate = password(if number % 2 == 0 { "Right-1" } else { "Wrong-1" });
        tasks.spawn(async move { (number % 2 == 0, hasher.verify(candidate, hash).await) });
    }
    let verdicts = tasks.join_all().await;
    assert!(verdicts.into_iter().all(|(right, verdict)| verdict.unwrap().matches == right));
    assert_eq!(hasher.hashes_done(), 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_queue_says_so_at_once() {
    let settings = HashingSettings { threads: 1, queue: 3, ..cheap() };
    let hasher = Hasher::start(settings);
    let release = occupy(&hasher);
    assert!(hasher.place().is_some(), "what is being hashed does not wait");
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let hasher = hasher.clone();
        waiting.spawn(async move { hasher.hash(password("Right-1")).await });
    }
    for _ in 0..97 {
        assert_eq!(waiting.join_next().await.unwrap().unwrap().unwrap_err(), HashingError::Busy);
    }
    assert!(hasher.place().is_none(), "three wait");
    drop(release);
    while let Some(result) = waiting.join_next().await {
        assert!(result.unwrap().is_ok());
    }
    assert!(hasher.place().is_some());
    assert_eq!(hasher.hashes_done(), 3);
}

#[tokio::test]
async fn there_are_as_many_places_as_can_be_hashed_and_wait_and_they_are_given_back() {
    let hasher = Hasher::start(HashingSettings { threads: 2, queue: 3, ..cheap() });
    let mut places: Vec<_> = (0..5).map(|_| hasher.place().unwrap()).collect();
    assert!(hasher.place().is_none(), "although nothing is hashed yet");
    drop(places.pop());
    assert!(hasher.place().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_past_the_patience_is_told_so_and_costs_nothing() {
    let settings = HashingSettings { threads: 1, patience: Duration::from_millis(50), ..cheap() };
    let hasher = Hasher::start(settings);
    let release = occupy(&hasher);
    let started = Instant::now();
    assert_eq!(hasher.hash(password("Right-1")).await.unwrap_err(), HashingError::Busy);
    assert!(started.elapsed() < Duration::from_secs(5), "while the thread is still busy");
    drop(release);
    // On a loaded machine the next one may come too late as well.
    while hasher.hash(password("Right-1")).await.is_err() {}
    assert_eq!(hasher.hashes_done(), 1, "the late one was never computed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_stops_waiting_costs_nothing() {
    let hasher = Hasher::start(HashingSettings { threads: 1, ..cheap() });
    let release = occupy(&hasher);
    let abandoned = tokio::time::timeout(Duration::from_millis(20), hasher.hash(password("Right-1")));
    assert!(abandoned.await.is_err(), "it waits in the queue");
    drop(release);
    hasher.hash(password("Right-1")).await.unwrap();
    assert_eq!(hasher.hashes_done(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_has_begun_is_waited_for_past_the_patience() {
    let patience = Duration::from_millis(50);
    let hasher = Hasher::start(HashingSettings { threads: 1, patience, ..cheap() });
    let begun = Arc::new(AtomicU64::new(0));
    // It may also be too late to begin, on a loaded machine: then it is Busy and has not begun.
    loop {
        let counter = Arc::clone(&begun);
        let slow = hasher.run(move |_, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(4 * patience);
            Ok(7)
        });
        match slow.await {
            Err(HashingError::Busy) => assert_eq!(begun.load(Ordering::Relaxed), 0),
            answer => break assert_eq!(answer, Ok(7)),
        }
    }
}

#[tokio::test]
async fn a_panic_loses_no_thread() {
    let hasher = Hasher::start(HashingSettings { threads: 1, ..cheap() });
    for _ in 0..3 {
        let error = hasher.run::<()>(|_, _| panic!("a defect, on purpose")).await.unwrap_err();
        assert_eq!(error, HashingError::Panicked);
    }
    assert!(hasher.hash(password("Right-1")).await.is_ok());
}

#[tokio::test]
async fn the_memory_is_wiped_after_each_job_and_a_larger_one_is_given_back() {
    let argon = Argon::new(cheap()).unwrap();
    let usual = argon.current.block_count();
    let mut bench = Workbench::new(usual);
    argon.compute(&argon.dummy_recipe(None).unwrap(), "Right-1", &mut bench).unwrap();
    assert!(!bench.is_clean(), "Argon2 leaves its memory filled");
    bench.wipe();
    assert!(bench.is_clean());
    let large = current_params(Parameters { memory_kib: 1024, passes: 1, lanes: 1 }, None).unwrap();
    argon.compute(&Recipe::fresh(&large), "Right-1", &mut bench).unwrap();
    assert_eq!(bench.size(), 1024);
    bench.wipe();
    assert!(bench.is_clean());
    assert_eq!(bench.size(), usual);

    let hasher = Hasher::start(HashingSettings { threads: 1, ..cheap() });
    hasher.hash(password("Right-1")).await.unwrap();
    assert_eq!(hasher.run(|_, bench| Ok(bench.is_clean())).await, Ok(true));
}

#[test]
fn the_memory_that_was_used_last_is_used_again_first() {
    let benches = Benches::new(8);
    let (mut first, mut second) = (benches.take(), benches.take());
    let at = [first.blocks(8).as_ptr(), second.blocks(8).as_ptr()];
    benches.put_back(first);
    benches.put_back(second);
    assert_eq!([benches.take().blocks(8).as_ptr(), benches.take().blocks(8).as_ptr()], [at[1], at[0]]);
    assert_eq!(benches.take().size(), 0, "there is always one, and one that nobody has used is small");
}

#[test]
fn a_hasher_prints_its_parameters_and_no_pepper() {
    let hasher = Hasher::start(HashingSettings { threads: 1, pepper: Some(pepper("secret")), ..cheap() });
    let printed = format!("{hasher:?}");
    assert!(printed.starts_with("Hasher") && printed.contains("64") && !printed.contains("secretsecret"), "{printed}");
}

#[test]
fn of_what_cannot_be_a_password_512_bytes_are_hashed_and_no_character_in_part() {
    assert_eq!(cut("hunter2"), "hunter2");
    assert_eq!(cut(&"a".repeat(512)), "a".repeat(512));
    assert_eq!(cut(&"a".repeat(513)), "a".repeat(512));
    assert_eq!(cut(&format!("a{}", "é".repeat(300))), format!("a{}", "é".repeat(255)));
}

#[test]
fn the_log_says_which_hashing_failed_and_why() {
    let told = |error: HashingError| error.to_string();
    assert_eq!(told(HashingError::Busy), "more passwords are waiting to be hashed than the machine can do in time");
    assert_eq!(
        told(HashingError::Corrupt("a stored password hash is cut short")),
        "a stored password hash is cut short"
    );
    assert_eq!(
        told(HashingError::UnknownPepper("k1".to_owned())),
        "a stored password hash needs the pepper \"k1\", which is not configured"
    );
    assert_eq!(told(HashingError::Panicked), "the hashing of a password panicked");
}

#[test]
fn the_floor_is_owasps_table() {
    let floor = |memory_kib, passes, lanes| Parameters { memory_kib, passes, lanes }.meet_owasp_floor();
    for (memory, passes) in OWASP_FLOOR {
        assert!(floor(memory, passes, 1) && floor(memory, passes + 1, 1) && floor(memory * 2, passes, 4));
        assert!(!floor(memory - 1, passes, 1), "{memory} KiB less one, {passes}");
        assert!(!floor(memory, passes - 1, 1), "{memory} KiB, {passes} less one");
        assert!(!floor(memory, passes, 0));
    }
}

#[test]
fn a_pepper_has_a_short_id_a_long_secret_and_prints_neither() {
    assert!(Pepper::new("2026-11a", vec![1; 32]).is_ok());
    for wrong in ["", "123456789", "a b", "a$b", "é"] {
        assert!(Pepper::new(wrong, vec![1; 32]).is_err(), "{wrong}");
    }
    assert!(Pepper::new("k1", vec![1; 31]).is_err());
    assert_eq!(format!("{:?}", pepper("k1")), "Pepper(\"k1\", ..)");
    assert_eq!(pepper("k1").id(), "k1");
}
