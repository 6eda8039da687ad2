//! What the documents say in numbers is what the code does. The table of settings is in `command_line.rs`.

use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::config::{Config, GlobalFlags};
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::domain::group::GroupName;
use my_security_credentials::domain::name::PolicyName;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::domain::tag::{Tag, TagKey};
use my_security_credentials::domain::user::{Path, UserName};
use std::collections::{BTreeMap, BTreeSet};

const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");
const MUTANTS: &str = include_str!("../mutants.md");

/// The rows of the table below this heading, without its head, cell by cell.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) = document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading} is missing"));
    let lines = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.skip(2).map(cells).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_table_of_cookies_names_all_that_are_set_with_their_lifetimes() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    let mut pages = vec![browser.get("/signin/example-corp").await, browser.sign_in(ALIAS, "alice", PASSWORD).await];
    pages.push(browser.change_password(PASSWORD, NEW_PASSWORD).await);
    browser.get("/console").await;
    pages.push(browser.post("/signout", &[]).await);
    let mut set = BTreeMap::new();
    for page in &pages {
        for cookie in page.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (name, rest) = cookie.split_once('=').expect("a pair");
            assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Lax") && rest.contains("Path=/"), "{cookie}");
            assert!(cookie.split(';').next().is_some_and(|pair| pair.len() <= 4096), "{cookie}");
            let age = rest.split("Max-Age=").nth(1).map(|age| age.split(';').next().unwrap_or_default().to_owned());
            if age.as_deref() != Some("0") {
                set.insert(name.to_owned(), age);
            }
        }
    }
    let rows = table(README, "## Cookies");
    let named: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(named, set.keys().cloned().collect());
    for row in rows {
        let (name, says) = (row[0].trim_matches('`'), &row[2]);
        let written = match set[name].as_deref() {
            None => "Until the browser is closed".to_owned(),
            Some("60") => "at most 1 minute".to_owned(),
            Some(seconds) => format!("{} days", seconds.parse::<u32>().expect("seconds") / 86_400),
        };
        assert!(says.contains(&written), "{name}: {says} does not say {written}");
    }
}

#[test]
fn the_documents_tell_the_lifetimes_that_are_the_defaults() {
    let config = Config::load(&GlobalFlags::default(), std::iter::empty::<(&str, &str)>()).expect("the defaults");
    let hours = |duration: std::time::Duration| duration.as_secs() / 3_600;
    assert_eq!((hours(config.session_idle), hours(config.session_absolute)), (1, 12));
    assert_eq!(hours(config.temporary_password_lifetime), 7 * 24);
    let security = squeezed(SECURITY);
    assert!(security.contains("A session ends after 1 hour without a request, after 12 hours in all"));
    // What the step lasts is tried in `console/forced_change.rs`.
    assert!(security.contains("nothing else, for 15 minutes."));
    let readme = squeezed(README);
    assert!(
        readme.contains("1 hour without a request (`MSC_SESSION_IDLE`) and 12 hours in all (`MSC_SESSION_ABSOLUTE`)")
    );
    assert!(readme.contains("The first password is good for 7 days."));
    let hashing = format!("by default {} MiB and {} passes", config.hashing.memory_kib / 1024, config.hashing.passes);
    assert!(security.contains(&hashing), "{hashing}");
}

#[test]
fn the_quotas_are_the_ones_that_the_readme_names() {
    let [keys, groups, policies, tags] =
        [Quota::AccessKeysPerUser, Quota::GroupsPerUser, Quota::PoliciesPerUser, Quota::TagsPerUser].map(Quota::limit);
    let thousands = |quota: Quota| {
        let limit = quota.limit();
        format!("{},{:03}", limit / 1000, limit % 1000)
    };
    let says = format!(
        "{keys} access keys, {groups} groups, {policies} attached policies and {tags} tags of a user, and the length of policies \
         ({} characters of a user, {} of a group, {} of a managed policy)",
        thousands(Quota::UserPolicySize),
        thousands(Quota::GroupPolicySize),
        thousands(Quota::PolicySize)
    );
    assert!(squeezed(README).contains(&says), "{says}");
}

/// Each field, its bounds as the table has them, and how the code judges a text of that many characters.
#[test]
fn the_table_of_fields_has_the_bounds_that_the_code_judges_by() {
    type Judge = fn(usize) -> bool;
    let judges: [(&str, Judge); 9] = [
        ("Account ID", |n| AccountId::parse(&"1".repeat(n)).is_ok()),
        ("Account alias", |n| AccountAlias::parse(&"a".repeat(n)).is_ok()),
        ("User name", |n| UserName::parse(&"a".repeat(n)).is_ok()),
        ("Group name", |n| GroupName::parse(&"a".repeat(n)).is_ok()),
        ("Policy name", |n| PolicyName::parse(&"a".repeat(n)).is_ok()),
        ("Path", |n| match n {
            0 => Path::parse("").is_ok(),
            // No path has two: between two slashes stands a name.
            1 | 2 => Path::parse("/").is_ok(),
            _ => Path::parse(&format!("/{}/", "a".repeat(n - 2))).is_ok(),
        }),
        ("Tag key", |n| TagKey::parse(&"a".repeat(n)).is_ok()),
        ("Tag value", |n| Tag::parse("k", &"a".repeat(n)).is_ok()),
        ("Password", |n| TypedPassword::new(&"a".repeat(n)).password().is_ok()),
    ];
    let rows = table(README, "### Fields");
    assert_eq!(rows.len(), judges.len());
    for (name, judge) in judges {
        let row = rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name} is not in the table"));
        let bounds: Vec<usize> = row[1]
            .split(" to ")
            .map(|bound| bound.split(' ').next().unwrap_or_default().parse().expect(name))
            .collect();
        let (least, most) = (bounds[0], *bounds.last().expect("a bound"));
        for length in [least, least + 1, most - 1, most].into_iter().filter(|length| (least..=most).contains(length)) {
            assert!(judge(length), "{name}: {length} characters are within {}", row[1]);
        }
        assert!(least == 0 || !judge(least - 1), "{name}: fewer than {least}");
        assert!(!judge(most + 1), "{name}: more than {most}");
    }
}

#[test]
fn the_readme_says_what_a_browser_must_have_and_that_script_is_not_needed() {
    let readme = squeezed(README);
    for browser in ["Chrome or Edge 123", "Firefox 125", "Safari 17.5"] {
        assert!(readme.contains(browser), "{browser}");
    }
    assert!(readme.contains("Everything can be done without script"));
}

/// Which data there is, how it is kept and for how long.
#[test]
fn every_table_of_the_database_has_its_class_its_keeping_and_its_end() {
    let mut tables = BTreeSet::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    for file in std::fs::read_dir(folder).expect("the migrations").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a migration");
        let named = text.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split([' ', '(']).next());
        tables.extend(named.map(str::to_owned));
    }
    let rows = table(SECURITY, "## What is kept");
    let written: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(written, tables);
    for row in rows {
        assert!(row.len() == 5 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        let classes = ["Secret", "Personal", "Rules"];
        assert!(classes.iter().any(|class| row[2].starts_with(class)), "{row:?}");
        let is_hidden = ["hash", "Sealed", "SHA-256"].iter().any(|how| row[3].contains(how));
        assert!(!row[2].starts_with("Secret") || is_hidden, "{row:?}");
    }
}

/// What policies can ask about the surroundings of a request.
#[test]
fn the_readme_names_every_condition_key_that_has_a_value() {
    let mut keys = BTreeSet::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations");
    for file in std::fs::read_dir(folder).expect("the operations").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a source");
        for literal in text.split('"').skip(1).step_by(2) {
            let name: String = literal.chars().take_while(|c| c.is_ascii_alphanumeric() || ":/".contains(*c)).collect();
            let is_key = name.starts_with("aws:") || ["iam:PolicyARN", "iam:ResourceTag/"].contains(&name.as_str());
            if is_key && !name.contains(' ') {
                keys.insert(name.trim_end_matches('/').to_owned());
            }
        }
    }
    let (_, named) = README.split_once("Condition keys with a value: ").expect("the list of condition keys");
    let named = named.split(". Any other key").next().unwrap_or_default();
    let named: BTreeSet<String> =
        named.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches("/...").to_owned()).collect();
    assert!(named.len() > 15);
    assert_eq!(named, keys);
}

#[test]
fn every_door_has_its_row() {
    let mut doors = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(path).expect("a source");
                doors.extend(
                    text.split("door: \"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)),
                );
            }
        }
    }
    // What is not yet known when the request comes in.
    doors.remove("");
    let rows = table(SECURITY, "## Ways in");
    assert_eq!(rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect::<BTreeSet<_>>(), doors);
}

/// Every way to a password, every control on it, every key: each has its place in SECURITY.md.
#[test]
fn security_md_has_its_chapters() {
    for chapter in [
        "## What is promised",
        "## Ways in",
        "## What is kept",
        "## Dependencies",
        "## Known gaps",
        "## Where we differ on purpose",
        "## Cryptography",
        "## Keys",
    ] {
        assert!(SECURITY.contains(&format!("\n{chapter}\n")), "{chapter}");
    }
    let used: Vec<String> = table(SECURITY, "## Cryptography").into_iter().map(|row| row[2].clone()).collect();
    let manifest = include_str!("../../Cargo.toml");
    let dependencies =
        manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("a section");
    // A library of cryptography that is used directly is in the inventory.
    for package in ["argon2", "chacha20poly1305", "hkdf", "hmac", "sha2", "rand", "subtle", "rustls"] {
        assert!(dependencies.contains(&format!("\n{package} =")), "{package} is used");
        assert!(used.iter().any(|cell| cell.contains(&format!("`{package}`"))), "{package} is in the inventory");
    }
    for package in
        ["aes", "aes-gcm", "ring", "rsa", "p256", "ed25519", "blake3", "sha1", "md-5", "pbkdf2", "scrypt", "bcrypt"]
    {
        assert!(!dependencies.contains(&format!("\n{package} =")), "{package} is used and stands in no inventory");
    }
}

/// Something like `@NAME@` stands for what somebody wanted to fill in.
fn placeholder(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split('@').collect();
    let inside = parts.get(1..parts.len() - 1).unwrap_or_default();
    inside.iter().copied().find(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase()))
}

#[test]
fn every_database_that_a_document_names_is_one_that_a_start_takes() {
    let urls = regex::Regex::new(r"postgres://[^\s'`]+").expect("a pattern");
    let documents = [README, include_str!("../../docs/distributed-engines.md")].join("\n");
    let named: BTreeSet<&str> = urls.find_iter(&documents).map(|found| found.as_str()).collect();
    assert!(named.len() > 3, "{named:?}");
    for url in named {
        let environment = [("MSC_DATABASE_URL".to_owned(), url.to_owned())];
        let config = Config::load(&GlobalFlags::default(), environment);
        assert!(config.is_ok(), "{url}: {:?}", config.err());
    }
}

#[test]
fn no_document_has_a_place_that_is_still_to_be_filled_in() {
    assert_eq!(placeholder("measured at @COMMIT@, with a tool"), Some("COMMIT"));
    assert_eq!(placeholder("@AUTH@"), Some("AUTH"));
    assert_eq!(placeholder("alice@example.com, bob@example.com, %+-=@_"), None);
    for document in [README, SECURITY, MUTANTS, include_str!("../../CHANGELOG.md"), include_str!("../asvs.md")] {
        assert_eq!(placeholder(document), None);
    }
}

#[test]
fn the_figures_of_the_mutants_agree_with_each_other_and_every_missed_one_is_explained() {
    // Room, files, mutants, tried, viable, caught, of these by the time limit, missed, score.
    let rows = table(MUTANTS, "## Figures");
    for room in ["domain", "sigv4", "crypto", "policy", "authenticate"] {
        let is_owned_up_to = MUTANTS.contains(&format!("`{room}` has no figure"));
        assert!(rows.iter().any(|row| row[0] == room) != is_owned_up_to, "{room}");
    }
    let mut missed_in_all = 0;
    for row in &rows {
        let [mutants, tried, viable, caught, late, missed]: [u32; 6] =
            std::array::from_fn(|at| row[at + 2].parse().expect("a number"));
        assert!(mutants >= tried && tried >= viable && viable == caught + missed && caught >= late, "{row:?}");
        let score: f64 = row[8].trim_end_matches(" %").parse().expect("a score");
        let exact = 100.0 * f64::from(caught) / f64::from(viable);
        assert!((score - exact).abs() <= 0.05 && exact >= 90.0, "{row:?}");
        missed_in_all += missed;
    }
    // Mutant, how many, why.
    let left = table(MUTANTS, "## What is left");
    // Some may be known from before, and not have been tried again.
    assert!(left.iter().map(|row| row[1].parse::<u32>().expect("a number")).sum::<u32>() >= missed_in_all);
    for row in left {
        let mut quoted = row[0].split('`').skip(1).step_by(2);
        let (file, function) = (quoted.next().expect("a file"), quoted.next().expect("a function"));
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let text = std::fs::read_to_string(&source).unwrap_or_else(|_| panic!("{file} is not there"));
        let name = function.rsplit("::").next().unwrap_or_default();
        let is_there = ["fn", "const"].iter().any(|kind| text.contains(&format!("{kind} {name}")));
        assert!(is_there, "{file} has no {function}");
    }
}
