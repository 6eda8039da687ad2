//! Which servers are believed to be the database, and how the program proves to it who it is.

use super::front::{Authority, Front, Pair, TLS_PLEASE, Visitors, speaking};
use crate::command_line::{folder, program, refused};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::record;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use time::macros::datetime;

const PASSWORD: &str = "of-the-role-9c41d7b2e6";

/// Files that are named in settings.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        path.to_str().expect("a path").to_owned()
    }

    fn write_pair(&self, pair: &Pair) -> String {
        let (certificate, key) =
            (self.write("role.crt", &pair.cert.pem()), self.write("role.key", &pair.signing_key.serialize_pem()));
        format!("&sslcert={certificate}&sslkey={key}")
    }
}

async fn is_ready(node: &Node) -> bool {
    Browser::new(&node.url).get("/readyz").await.status == 200
}

#[tokio::test]
async fn a_database_is_served_from_whose_certificate_the_operators_authority_vouches_for() {
    let (database, files, authority) = (Database::postgres().await, Files::new(), Authority::of("the operator"));
    let front = Front::open(Some(speaking(&authority.certificate("localhost"), &Visitors::Anybody)));
    let url = front.url(&database.settings.url, "");
    let trusted = files.write("ca.pem", &authority.pem());
    let node = Node::start_with(&database, &[("MSC_DATABASE_URL", &url), ("SSL_CERT_FILE", &trusted)]);
    assert!(is_ready(&node).await);
    let outcomes = front.outcomes();
    assert!(!outcomes.is_empty() && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(Browser::new(&node.url).get("/signin/my-account").await.body.contains("IAM user sign in"));
}

/// What is said by a start that must not be, and what the server heard of it.
fn refusal(front: &Front, trusted: Option<&str>, parameters: &str) -> String {
    record::secret("password", PASSWORD);
    let data = folder();
    let url = front.url(&format!("postgres://somebody:{PASSWORD}@127.0.0.1/console"), parameters);
    let mut command = program(data.path(), &[]);
    command.env("MSC_DATABASE_URL", url).env("MSC_LISTEN", "127.0.0.1:0");
    command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
    let output = command.output().expect("the program runs");
    record::command(&output);
    let heard = front.bytes();
    assert!(heard.starts_with(&TLS_PLEASE), "TLS is asked for first");
    for said in [PASSWORD, "somebody"] {
        assert!(!heard.windows(said.len()).any(|bytes| bytes == said.as_bytes()), "{said} was sent");
    }
    let line = refused(&output);
    assert!(!line.contains(PASSWORD), "{line}");
    line
}

#[test]
fn a_false_certificate_stops_the_start_in_one_line_before_anything_is_told() {
    let (files, ours, other) = (Files::new(), Authority::of("the operator"), Authority::of("somebody else"));
    let impostor = Authority::of("the operator");
    let trusted = files.write("ca.pem", &ours.pem());
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let past = datetime!(2001-01-01 0:00 UTC);
    let future = datetime!(2998-01-01 0:00 UTC);
    let cases = [
        ("of another authority", other.certificate("localhost"), "UnknownIssuer"),
        ("of an authority with the same name", impostor.certificate("localhost"), "BadSignature"),
        ("that vouches for itself", CertifiedKey { cert, signing_key }, "UnknownIssuer"),
        ("of another server", ours.certificate("db.example.com"), "not valid for name"),
        ("that is over", ours.certificate_for("localhost", datetime!(2000-01-01 0:00 UTC), past), "expired"),
        (
            "that has not begun",
            ours.certificate_for("localhost", future, datetime!(2999-01-01 0:00 UTC)),
            "not valid yet",
        ),
    ];
    for (case, pair, why) in cases {
        let front = Front::open(Some(speaking(&pair, &Visitors::Anybody)));
        let line = refusal(&front, Some(&trusted), "");
        assert!(
            line.contains("MSC_DATABASE_URL: TLS with PostgreSQL failed: ") && line.contains(why),
            "{case}: {line}"
        );
        // The client ended it, in the handshake.
        let outcomes = front.outcomes();
        assert!(!outcomes.is_empty(), "{case}");
        for outcome in outcomes {
            assert!(outcome.as_ref().is_err_and(|error| error.contains("received fatal alert")), "{case}: {outcome:?}");
        }
    }
}

#[test]
fn a_server_that_will_not_speak_tls_is_told_nothing() {
    let front = Front::open(None);
    let line = refusal(&front, None, "");
    assert!(line.contains("MSC_DATABASE_URL: ") && line.contains("server does not support TLS"), "{line}");
    assert!(front.bytes().chunks(TLS_PLEASE.len()).all(|asked| asked == TLS_PLEASE), "nothing but the question");
}

/// The authorities of the machine know nothing of the tests' own; with it named, nobody but it is believed.
#[test]
fn nobody_is_believed_but_whom_the_operator_names_and_no_list_of_authorities_is_built_in() {
    let (files, ours, other) = (Files::new(), Authority::of("the operator"), Authority::of("somebody else"));
    let front = Front::open(Some(speaking(&ours.certificate("localhost"), &Visitors::Anybody)));
    let line = refusal(&front, None, "");
    assert!(line.ends_with("UnknownIssuer; SSL_CERT_FILE names whose certificates are believed"), "{line}");
    let both = files.write("both.pem", &[other.pem(), ours.pem()].concat());
    // It is believed now, and there is no such database behind the door.
    assert!(!refusal_is_of_the_certificate(&front, &both));
    assert!(refusal_is_of_the_certificate(&front, &files.write("other.pem", &other.pem())));
    let lock = include_str!("../../../Cargo.lock");
    for list in ["webpki-roots", "webpki-root-certs", "mozilla-root-ca"] {
        assert!(!lock.contains(&format!("name = \"{list}\"\n")), "{list} would be believed beside the operator's");
    }
    assert!(lock.contains("name = \"rustls-native-certs\"\n"), "what reads SSL_CERT_FILE");
}

fn refusal_is_of_the_certificate(front: &Front, trusted: &str) -> bool {
    let data = folder();
    let url = front.url("postgres://nobody@127.0.0.1/no_such_database", "");
    let mut command = program(data.path(), &["migrate"]);
    command.env("MSC_DATABASE_URL", url).env("SSL_CERT_FILE", trusted);
    let output = command.output().expect("the program runs");
    record::command(&output);
    refused(&output).contains("UnknownIssuer")
}

#[tokio::test]
async fn a_node_proves_itself_by_certificate_without_a_password_and_takes_a_renewed_one_without_a_restart() {
    let (database, files, authority) = (Database::postgres().await, Files::new(), Authority::of("the operator"));
    let trusted = files.write("ca.pem", &authority.pem());
    let server = speaking(&authority.certificate("localhost"), &Visitors::WithCertificateOf(&authority));
    let front = Front::open(Some(server));
    let [first, second] = [authority.certificate("first.example"), authority.certificate("second.example")];
    let url = front.url(&database.settings.url, &files.write_pair(&first));
    assert!(!url.contains(":@") && url::Url::parse(&url).expect("a URL").password().is_none());
    let node = Node::start_with(&database, &[("MSC_DATABASE_URL", &url), ("SSL_CERT_FILE", &trusted)]);
    assert!(is_ready(&node).await);
    assert!(front.outcomes().iter().all(|shown| shown == &Ok(Some(first.cert.der().clone()))));

    files.write_pair(&second);
    front.hang_up();
    let began = Instant::now();
    while front.outcomes().last() != Some(&Ok(Some(second.cert.der().clone()))) {
        assert!(began.elapsed() < Duration::from_mins(1), "the new one is never shown");
        is_ready(&node).await;
    }
    assert!(is_ready(&node).await);
}

#[test]
fn a_node_without_a_certificate_or_with_a_foreign_one_is_not_let_in_where_one_is_asked_for() {
    let (files, authority, other) = (Files::new(), Authority::of("the operator"), Authority::of("somebody else"));
    let trusted = files.write("ca.pem", &authority.pem());
    let server = speaking(&authority.certificate("localhost"), &Visitors::WithCertificateOf(&authority));
    let front = Front::open(Some(server));
    assert!(refusal(&front, Some(&trusted), "").contains("CertificateRequired"));
    let foreign = files.write_pair(&other.certificate("first.example"));
    assert!(refusal(&front, Some(&trusted), &foreign).contains("fatal alert"));
    let key: PathBuf = Path::new(&trusted).with_file_name("role.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let data = folder();
    let url = front.url("postgres://somebody@127.0.0.1/console", &foreign);
    let output = program(data.path(), &[]).env("MSC_DATABASE_URL", url).output().expect("the program runs");
    record::command(&output);
    assert!(refused(&output).contains("others can use it (mode 0644)"));
}
