//! TLS by the program itself, as clients meet it: versions, protocols, renewed certificates, cookies and headers.

use rcgen::{CertifiedKey, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::CertificateDer;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than it takes the program to look at its files again, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_mins(1);

type Pair = CertifiedKey<KeyPair>;

fn pair() -> Pair {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

fn write_pair(folder: &Path, pair: &Pair) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("tls.crt"), pair.cert.pem()).expect("a file");
    write_key(&folder.join("tls.key"), pair, 0o600);
}

fn write_key(path: &Path, pair: &Pair, mode: u32) {
    std::fs::write(path, pair.signing_key.serialize_pem()).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The program, serving with the certificate in `current` of its folder.
struct Serving {
    child: Child,
    address: String,
    log: Receiver<String>,
    folder: TempDir,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"));
    command
        .env_clear()
        .env("MSC_DATA_DIR", folder.join("data"))
        .env("MSC_LISTEN", "127.0.0.1:0")
        .env("MSC_TLS_CERTIFICATE", folder.join("current/tls.crt"))
        .env("MSC_TLS_KEY", folder.join("current/tls.key"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl Serving {
    /// The certificate is behind a link, as Kubernetes and certbot have it.
    fn start(first: &Pair) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_pair(&folder.path().join("one"), first);
        symlink(folder.path().join("one"), folder.path().join("current")).expect("a link");
        let mut child = program(folder.path()).spawn().expect("a start");
        let lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut serving = Self { child, address: String::new(), log, folder };
        let line = serving.says("open https://");
        let (_, url) = line.split_once("open https://").expect("a URL");
        url.trim_end_matches("/console").clone_into(&mut serving.address);
        serving
    }

    /// Waits for a line of the log.
    fn says(&self, words: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not say {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The same, while requests go over these connections: one that is idle is closed after a few seconds.
    fn says_meanwhile(&self, words: &str, connections: &mut [&mut Client]) {
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            for connection in &mut *connections {
                assert!(connection.get("/healthz").0.starts_with("HTTP/1.1 200"));
            }
            if self.log.try_iter().any(|line| line.contains(words)) {
                return;
            }
        }
        panic!("it does not say {words:?}");
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn connect(&self, trusted: &[&Pair]) -> Client {
        self.connect_with(trusted, &[&rustls::version::TLS13, &rustls::version::TLS12])
    }

    fn connect_with(&self, trusted: &[&Pair], versions: &[&'static SupportedProtocolVersion]) -> Client {
        let mut roots = RootCertStore::empty();
        for pair in trusted {
            roots.add(pair.cert.der().clone()).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_webpki_verifier(verifier.build().expect("a verifier"))
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = "localhost".try_into().expect("a name");
        let connection = ClientConnection::new(Arc::new(client), name).expect("a client");
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Client(StreamOwned::new(connection, stream))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One connection, which is kept.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    /// Sends a request and gives the head of the answer and its body.
    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        self.0.write_all(request.as_bytes()).expect("a request");
        let mut answer = Vec::new();
        let head = loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
            if answer.ends_with(b"\r\n\r\n") {
                break String::from_utf8(std::mem::take(&mut answer)).expect("a head");
            }
        };
        let length = value(&head, "content-length").map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (head, String::from_utf8(body).expect("text"))
    }

    fn get(&mut self, path: &str) -> (String, String) {
        self.ask("GET", path, "", "")
    }

    fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.0.conn.peer_certificates()?.first().cloned()
    }

    fn is_shown(&self, pair: &Pair) -> bool {
        self.certificate().as_ref() == Some(pair.cert.der())
    }
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    values(head, name).into_iter().next()
}

fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[test]
fn a_renewed_certificate_is_shown_to_new_connections_while_old_ones_live_on() {
    let [first, second, third] = [pair(), pair(), pair()];
    let server = Serving::start(&first);
    let mut old = server.connect(&[&first]);
    assert!(old.get("/healthz").0.starts_with("HTTP/1.1 200"));
    assert_eq!(old.0.conn.alpn_protocol(), Some(&b"http/1.1"[..]), "what is offered is what is served");

    // A link is swapped.
    write_pair(&server.place("two"), &second);
    symlink(server.place("two"), server.place("next")).expect("a link");
    std::fs::rename(server.place("next"), server.place("current")).expect("a swap");
    let renewed = "a changed TLS certificate is served";
    server.says_meanwhile(renewed, &mut [&mut old]);
    let mut new = server.connect(&[&second]);
    assert!(new.get("/healthz").0.starts_with("HTTP/1.1 200"));
    assert!(new.is_shown(&second));
    // The files are written anew in their place.
    write_pair(&server.place("two"), &third);
    server.says_meanwhile(renewed, &mut [&mut old, &mut new]);
    assert!(server.connect(&[&third]).get("/healthz").0.starts_with("HTTP/1.1 200"));
    for (mut connection, shown) in [(old, &first), (new, &second)] {
        assert!(connection.get("/signin").0.starts_with("HTTP/1.1 200"));
        assert!(connection.is_shown(shown), "it is the same connection");
    }
}

#[test]
fn a_broken_pair_changes_nothing_and_is_named() {
    let [first, second] = [pair(), pair()];
    let server = Serving::start(&first);
    let key = server.place("one/tls.key");
    let still_shown = || {
        let mut connection = server.connect(&[&first]);
        assert!(connection.get("/healthz").0.starts_with("HTTP/1.1 200"));
        assert!(connection.is_shown(&first));
    };
    write_key(&key, &second, 0o600);
    let line = server.says("do not go together");
    assert!(line.contains("ERROR") && line.contains("MSC_TLS_KEY") && line.contains("tls.key"), "{line}");
    still_shown();
    write_key(&key, &first, 0o604);
    let line = server.says("others can use it");
    assert!(line.contains("ERROR") && line.contains("MSC_TLS_KEY") && line.contains("tls.key"), "{line}");
    still_shown();
    std::fs::remove_file(&key).expect("gone");
    server.says("no such file");
    still_shown();
    write_pair(&server.place("one"), &second);
    server.says("a changed TLS certificate is served");
    assert!(server.connect(&[&second]).get("/healthz").0.starts_with("HTTP/1.1 200"));
}

#[test]
fn a_key_that_others_can_read_stops_the_start() {
    let (folder, pair) = (tempfile::tempdir().expect("a folder"), pair());
    write_pair(&folder.path().join("current"), &pair);
    write_key(&folder.path().join("current/tls.key"), &pair, 0o644);
    let output = program(folder.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("MSC_TLS_KEY: ") && said.contains("others can use it (mode 0644)"), "{said}");
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let first = pair();
    let server = Serving::start(&first);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut client = server.connect_with(&[&first], &[version]);
        assert!(client.get("/healthz").0.starts_with("HTTP/1.1 200"));
        assert_eq!(client.0.conn.protocol_version(), Some(version.version));
    }
    // A hello of TLS 1.1 and of TLS 1.2, alike but for the version; each suite is one that TLS 1.2 has.
    let hello = |minor: u8| {
        let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x0a, 0xc0, 0x14];
        let extensions = [
            0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, // the curve secp256r1
            0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03, // ecdsa_secp256r1_sha256
        ];
        let mut body = vec![0x03, minor];
        body.extend([7; 32]);
        body.push(0);
        body.extend([0, 8]);
        body.extend(suites);
        body.extend([1, 0, 0, 16]);
        body.extend(extensions);
        let length = u8::try_from(body.len()).expect("a short hello");
        let mut record = vec![0x16, 0x03, 0x01, 0x00, length + 4, 0x01, 0x00, 0x00, length];
        record.extend(body);
        let mut stream = TcpStream::connect(&server.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.write_all(&record).expect("a hello");
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).expect("an answer");
        answer
    };
    assert_eq!(hello(3)[0], 0x16, "TLS 1.2 goes on with the handshake");
    let refused = hello(2);
    assert_eq!((refused[0], refused[5], refused[6]), (0x15, 2, 70), "a fatal alert: protocol_version");
}

#[test]
fn over_tls_every_cookie_is_secure_and_prefixed_and_every_answer_says_hsts() {
    let first = pair();
    let server = Serving::start(&first);
    let told = std::fs::read_to_string(server.place("data/first-sign-in.txt")).expect("the file");
    let password = told.lines().find_map(|line| line.strip_prefix("Password")).expect("a password").trim();
    let mut client = server.connect(&[&first]);
    let (page, body) = client.get("/signin/my-account");
    let (_, token) = body.split_once("name=\"csrf\" value=\"").expect("a form");
    let token = token.split('"').next().expect("a token");
    let visit = values(&page, "set-cookie")[0].split(';').next().expect("a cookie");
    let encoded = crate::support::browser::encoded(password);
    let form = format!("csrf={token}&user_name=admin&password={encoded}&remember=on");
    let headers = format!("Content-Type: application/x-www-form-urlencoded\r\nCookie: {visit}\r\n");
    let (signed_in, _) = client.ask("POST", "/signin/my-account", &headers, &form);
    assert!(signed_in.starts_with("HTTP/1.1 303"), "{signed_in}");
    let cookies: Vec<&str> = [&page, &signed_in].into_iter().flat_map(|head| values(head, "set-cookie")).collect();
    let mut names: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["__Host-msc-remembered-user", "__Host-msc-session", "__Host-msc-visit"]);
    for cookie in cookies {
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        for attribute in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
            assert!(attributes.contains(&attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let (missing, _) = client.get("/nope");
    let (misdirected, _) = client.ask("GET", "/healthz", "X-Forwarded-Proto: http\r\n", "");
    let (api, _) = client.ask("POST", "/", "Content-Type: application/x-www-form-urlencoded\r\n", "Action=GetUser");
    for (head, status) in [(&page, "200"), (&signed_in, "303"), (&missing, "404"), (&misdirected, "200"), (&api, "403")]
    {
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        let hsts = values(head, "strict-transport-security");
        assert_eq!(hsts, ["max-age=31536000; includeSubDomains"], "{head}");
    }
}
