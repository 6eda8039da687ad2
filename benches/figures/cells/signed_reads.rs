//! Reads by the API, signature checked: batches that are signed beforehand and replayed, which a read accepts for 15 minutes.

use super::{Client, Instant, Key, Limit, OffsetDateTime, Run, json, measured, median, signing, watched};

const CONNECTIONS: usize = 8;
/// In milliseconds of CPU, for one request.
const LIMIT: f64 = 0.15;
/// Kinds of read, and whether the limit is theirs; the others are for comparison.
const READS: [(&str, &str, bool); 7] = [
    ("healthz", "", false),
    ("GetCallerIdentity", "Action=GetCallerIdentity&Version=2011-06-15", true),
    ("GetUser", "Action=GetUser&Version=2010-05-08", true),
    ("GetUser of another", "Action=GetUser&Version=2010-05-08&UserName=user-7", true),
    ("ListAccessKeys", "Action=ListAccessKeys&Version=2010-05-08", true),
    ("GetAccountPasswordPolicy", "Action=GetAccountPasswordPolicy&Version=2010-05-08", true),
    ("ListUsers of 100", "Action=ListUsers&Version=2010-05-08", false),
];

#[expect(clippy::disallowed_methods, reason = "requests are signed for the moment of the system's clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The bytes of a request, as a client that keeps its connection sends them.
fn request(host: &str, key: &Key<'_>, body: &str) -> Vec<u8> {
    if body.is_empty() {
        return format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes();
    }
    let service = if body.contains("2011-06-15") { "sts" } else { "iam" };
    let headers = signing::headers(key, host, service, now(), body);
    let headers = headers.iter().fold(String::new(), |all, (name, value)| all + &format!("{name}: {value}\r\n"));
    let agent =
        "user-agent: Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux lang/python#3.11 cfg/retry-mode#legacy\r\n";
    let length = body.len();
    format!("POST / HTTP/1.1\r\nhost: {host}\r\naccept-encoding: identity\r\n{agent}{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Several connections keep the server at work: a thread that is woken for each single request costs more in a virtual
/// machine than what it is woken for.
fn batch(host: &str, request: &[u8], requests: usize) {
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut client = Client::new(host);
                for _ in 0..requests / CONNECTIONS {
                    assert_eq!(client.ask(request).status, 200);
                }
            });
        }
    });
}

pub fn signed_reads(run: &mut Run) {
    let home = run.home();
    let (id, secret) = home.furnish(100);
    let server = home.start_without_hashing();
    let key = Key { id: &id, secret: &secret, region: "eu-central-1" };
    let requests = run.times(16_000);
    let mut figures = vec![Vec::new(); READS.len()];
    for round in 0..run.rounds() {
        for ((name, body, _), figure) in READS.iter().zip(&mut figures) {
            let (request, began) = (request(&server.host, &key, body), Instant::now());
            let ((), seen) = watched(&[server.pid()], || batch(&server.host, &request, requests));
            let (each, rate) =
                (seen.servers * 1000.0 / requests as f64, requests as f64 / began.elapsed().as_secs_f64());
            figure.push(each);
            let line = json!({"round": round, "read": name, "cpu_ms": each, "per_second": rate});
            measured("G8", home.engine, line);
        }
    }
    for ((name, _, limited), figure) in READS.iter().zip(figures) {
        let value = median(figure);
        if *limited {
            run.report.figure("G8", home.engine, &format!("ms of CPU of {name}"), value, Limit::AtMost(LIMIT));
        } else {
            measured("G8", home.engine, json!({"read": name, "median_cpu_ms": value}));
        }
    }
}
