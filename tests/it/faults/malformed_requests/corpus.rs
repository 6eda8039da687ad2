//! Shapes that servers have stumbled over. One whose name begins with `harmless` may be served; any other is refused, or
//! its connection is closed.

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const SMUGGLED: &str = "GET /console HTTP/1.1\r\nHost: evil.example\r\n\r\n";

type Shape = (&'static str, Vec<u8>);

fn get(head: &str) -> Vec<u8> {
    format!("GET /signin HTTP/1.1\r\n{head}\r\n").into_bytes()
}

fn local(head: &str) -> Vec<u8> {
    get(&format!("Host: localhost\r\n{head}"))
}

fn post(path: &str, head: &str, body: &[u8]) -> Vec<u8> {
    [format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n").as_bytes(), body].concat()
}

fn form(body: &[u8]) -> Vec<u8> {
    post("/signin", &format!("{FORM}Content-Length: {}\r\n", body.len()), body)
}

fn call(authorization: &str) -> Vec<u8> {
    let body = "Action=GetUser&Version=2010-05-08";
    let head = format!("{FORM}X-Amz-Date: 20261123T184100Z\r\n{authorization}Content-Length: {}\r\n", body.len());
    post("/", &head, body.as_bytes())
}

pub fn shapes() -> Vec<Shape> {
    [lines(), hosts_and_headers(), lengths(), cookies(), bodies(), signatures(), other_protocols()].concat()
}

fn lines() -> Vec<Shape> {
    let target = |target: &[u8]| [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
    vec![
        ("nothing", Vec::new()),
        ("an empty line and no more", b"\r\n".to_vec()),
        ("NUL", vec![0; 100]),
        ("a line that does not end", b"GET".to_vec()),
        ("a head that does not end", b"GET / HTTP/1.1\r\nHost: localhost\r\n".to_vec()),
        ("no target", b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("a target that is no path", target(b"*")),
        ("a target with NUL", target(b"/sign\0in")),
        ("a target with a bare CR", target(b"/sign\rin")),
        ("a target that is no UTF-8", target(b"/\xff\xfe")),
        ("an escape that is no UTF-8", target(b"/%ff%fe")),
        ("an escape that is none", target(b"/%zz")),
        ("an overlong slash", target(b"/%c0%af%c0%afetc/passwd")),
        ("an absolute target of another scheme", target(b"file:///etc/passwd")),
        ("an absolute target without a host", target(b"http:///signin")),
        ("a target with a user", target(b"http://user:word@localhost/signin")),
        ("a port beyond ports", target(b"http://localhost:99999/signin")),
        ("an address of IPv6 that is none", target(b"http://[::1/signin")),
        ("harmless: a query that is no UTF-8", target(b"/signin?next=%ff")),
        ("harmless: a query of many parts", target(format!("/signin?{}", "a&".repeat(5000)).as_bytes())),
        ("a deep path", target(&b"/a".repeat(20_000))),
        ("spaces in the line", b"GET   /signin   HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("bare LF throughout", b"BREW /signin HTTP/1.1\nHost: localhost\n\n".to_vec()),
        ("bare CR throughout", b"GET /signin HTTP/1.1\rHost: localhost\r\r".to_vec()),
        ("a method without end", [b"A".repeat(200_000), b" / HTTP/1.1\r\n\r\n".to_vec()].concat()),
        ("a version that is none", b"GET / HTTP/1.\r\nHost: localhost\r\n\r\n".to_vec()),
    ]
}

fn hosts_and_headers() -> Vec<Shape> {
    vec![
        ("two hosts", get("Host: localhost\r\nHost: localhost\r\n")),
        ("an empty host", get("Host: \r\n")),
        ("a host that is no text", [&b"GET /signin HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n"[..]].concat()),
        ("a host with a path", get("Host: localhost/evil\r\n")),
        ("a host with a user", get("Host: user@localhost\r\n")),
        ("a host of brackets", get("Host: [[::1]]\r\n")),
        ("a name with a space", local("X Y: z\r\n")),
        ("a name that is empty", local(": z\r\n")),
        ("a name that is no text", [&b"GET /signin HTTP/1.1\r\nHost: localhost\r\nX\xff: z\r\n\r\n"[..]].concat()),
        ("a value with NUL", local("X: a\0b\r\n")),
        ("a value with a bare CR", local("X: a\rb\r\n")),
        ("a value in two lines", local("X: a\r\n b\r\n")),
        (
            "harmless: a value that is no UTF-8",
            [&b"GET /signin HTTP/1.1\r\nHost: localhost\r\nX: \xff\r\n\r\n"[..]].concat(),
        ),
        (
            "harmless: an agent that is no UTF-8",
            [&b"GET /signin HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \xff\x80\r\n\r\n"[..]].concat(),
        ),
        ("harmless: an absurd Range", local("Range: bytes=9-1,-,a-b,0-18446744073709551616\r\n")),
        ("harmless: an absurd Accept-Encoding", local(&format!("Accept-Encoding: {}\r\n", "gzip;q=9.9,".repeat(2000)))),
        ("harmless: an absurd date", local("If-Modified-Since: Thu, 99 Foo 99999 25:61:61 GMT\r\n")),
        ("harmless: an absurd tag", local("If-None-Match: W/\"\r\nIf-Match: \"\\\r\n")),
        ("harmless: an absurd chain of proxies", local(&format!("X-Forwarded-For: {}\r\n", "[::1,".repeat(2000)))),
        (
            "an Expect that nobody knows, with a body that does not come",
            post("/signin", &format!("{FORM}Expect: 200-maybe\r\nContent-Length: 5\r\n"), b""),
        ),
        ("harmless: Connection names everything", local("Connection: close, Host, Cookie, ,,\r\n")),
        ("harmless: an upgrade", local("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n")),
    ]
}

fn lengths() -> Vec<Shape> {
    let with =
        |head: &str, body: &str| post("/signin", &format!("{FORM}{head}"), (body.to_owned() + SMUGGLED).as_bytes());
    vec![
        ("CL.TE", with("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")),
        ("TE.CL", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "8\r\nSMUGGLED\r\n0\r\n\r\n")),
        ("TE.TE", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", "0\r\n\r\n")),
        ("TE with a tab", with("Transfer-Encoding:\tchunked, identity\r\n", "0\r\n\r\n")),
        ("two lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")),
        ("a length of two", with("Content-Length: 5, 6\r\n", "hello")),
        ("a length below nothing", with("Content-Length: -1\r\n", "")),
        ("a length beyond numbers", with("Content-Length: 99999999999999999999999\r\n", "")),
        ("a chunk beyond numbers", with("Transfer-Encoding: chunked\r\n", "ffffffffffffffff1\r\n")),
        ("a chunk of the largest number", with("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\nx")),
        ("a chunk with a bare LF", with("Transfer-Encoding: chunked\r\n", "5\nhello\n0\n\n")),
        ("a chunk that is too long", with("Transfer-Encoding: chunked\r\n", "1\r\nhello\r\n0\r\n\r\n")),
        ("a body that does not come", post("/signin", &format!("{FORM}Content-Length: 5\r\n"), b"he")),
    ]
}

fn cookies() -> Vec<Shape> {
    let cookie = |value: &[u8]| [b"GET /console HTTP/1.1\r\nHost: localhost\r\nCookie: ", value, b"\r\n\r\n"].concat();
    vec![
        ("a cookie without a name", cookie(b"=x; ;;; =; msc-session")),
        ("a cookie that is no text", cookie(b"msc-session=\xff\xfe; \x80=\x80")),
        ("a cookie that is no base64", cookie(b"msc-session=%%%; msc-visit=%00; msc-remembered-user=\"")),
        ("a cookie of a few bytes", cookie(b"msc-session=AAAA; msc-session=BBBB")),
        ("a cookie without end", cookie(&b"msc-session=A".repeat(8000))),
        ("many cookies", cookie(&b"msc-session=; ".repeat(5000))),
        ("quoted cookies", cookie(b"msc-session=\"a\\\"; Path=/\"")),
    ]
}

fn bodies() -> Vec<Shape> {
    let kind = |kind: &str, body: &[u8]| {
        post("/signin", &format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()), body)
    };
    let multipart = b"--x\r\nContent-Disposition: form-data; name=\"account\"\r\n\r\n1\r\n--x--\r\n";
    vec![
        ("multipart", kind("multipart/form-data; boundary=x", multipart)),
        ("multipart without end", kind("multipart/form-data", b"--x\r\n")),
        ("JSON", kind("application/json", b"{\"account\": [[[[[[")),
        ("XML", kind("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")),
        ("two types", kind("application/x-www-form-urlencoded\r\nContent-Type: text/plain", b"a=b")),
        ("another character set", kind("application/x-www-form-urlencoded; charset=utf-7", b"a=+ADw-")),
        ("a type that is no text", kind("\u{ff}/\u{ff}", b"a=b")),
        ("a form that is no UTF-8", form(b"account=\xff\xfe&csrf=\x80")),
        ("a form with escapes that are none", form(b"account=%&csrf=%1&x=%gg")),
        ("a form of nothing", form(b"&&&===&&&")),
        ("a form of many fields", form(&b"a&".repeat(8000))),
        ("a field many times", form(&b"account=1&".repeat(1500))),
        ("fields with brackets", form(b"account[]=1&account[a][b]=2&csrf.=")),
        ("a form with NUL", form(b"account=\0%00&csrf=\0")),
        ("a call that is not signed", post("/", &format!("{FORM}Content-Length: 14\r\n"), b"Action=GetUser")),
    ]
}

fn signatures() -> Vec<Shape> {
    let scheme = "Authorization: AWS4-HMAC-SHA256 ";
    let named = |credential: &str, signed: &str, signature: &str| {
        call(&format!("{scheme}Credential={credential}, SignedHeaders={signed}, Signature={signature}\r\n"))
    };
    let scope = "AKIAXXXXXXXXXXXXXXXX/20261123/us-east-1/iam/aws4_request";
    vec![
        ("a scheme alone", call(scheme)),
        ("a scheme and commas", call(&format!("{scheme},,,=,=\r\n"))),
        ("two signatures", call(&format!("{scheme}a=b\r\n{scheme}c=d\r\n"))),
        ("another scheme", call("Authorization: AWS4-ECDSA-P256-SHA256 Credential=x\r\n")),
        ("Basic", call("Authorization: Basic \u{ff}\r\n")),
        ("an empty scope", named("", "host", "00")),
        ("a scope of slashes", named(&"/".repeat(5000), "host", "00")),
        ("a key that is none", named("\u{e9}/20261123/us-east-1/iam/aws4_request", "host", "00")),
        ("a date that is none", named("AKIAXXXXXXXXXXXXXXXX/99999999/us-east-1/iam/aws4_request", "host", "00")),
        ("no signed headers", named(scope, "", "00")),
        ("signed headers that are not there", named(scope, "host;x-a;x-b;;;", "00")),
        ("a signature that is no hex", named(scope, "content-type;host;x-amz-date", "zz")),
        ("a signature without end", named(scope, "content-type;host;x-amz-date", &"0".repeat(60_000))),
        ("an empty signature", named(scope, "content-type;host;x-amz-date", "")),
    ]
}

fn other_protocols() -> Vec<Shape> {
    let hello = b"\x16\x03\x01\x00\x5d\x01\x00\x00\x59\x03\x03\x2a\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\
        \x3d\x3e\x3f\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x00\x00\x02\x13\x01\x01\x00\x00\x2e";
    vec![
        ("HTTP/0.9", b"GET /signin\r\n".to_vec()),
        ("HTTP/0.9 with an end", b"GET /signin\r\n\r\n".to_vec()),
        ("HTTP/1.0 without a host", b"GET /signin HTTP/1.0\r\n\r\n".to_vec()),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("TLS", hello.to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("SMTP", b"EHLO localhost\r\nMAIL FROM:<a@localhost>\r\n".to_vec()),
        (
            "a proxy's first line",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /signin HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        ("CONNECT", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n".to_vec()),
    ]
}
