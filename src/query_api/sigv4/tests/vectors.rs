//! AWS's published values: the `ListUsers` example of the IAM documentation and the Signature Version 4 test suite. The
//! suite's access key ID is shorter than IAM allows; no signature depends on it.

use super::*;

const UNRESERVED: &str = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[test]
fn the_list_users_example_of_aws_is_accepted() {
    let request = list_users().with(
        "Authorization",
        &format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        ),
    );
    assert_eq!(request.accepted(), Ok(()));
    request.read(|request| {
        let authorization = Authorization::read(request).ok().unwrap();
        assert_eq!(authorization.access_key_id, KEY_ID);
        assert_eq!((authorization.region, authorization.service), ("us-east-1", "iam"));
        assert_eq!(authorization.signed_at(), SIGNED_AT);
        let canonical = super::super::canonical::request(request, &authorization.signed_headers);
        assert_eq!(hex(&Sha256::digest(canonical)), "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    });
}

/// Method, path, query and the headers but for the host and the date; all of them are signed.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

#[track_caller]
fn are_accepted(cases: &[Case<'_>], body: &str) {
    for (method, path, query, headers, signature) in cases {
        let mut request = Request {
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            query: (*query).to_owned(),
            headers: Vec::new(),
            body: body.into(),
        }
        .with("Host", "example.amazonaws.com");
        for (name, value) in *headers {
            request = request.with(name, value);
        }
        request = request.with("X-Amz-Date", "20150830T123600Z");
        let mut names: Vec<String> = request.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names.dedup();
        let request = request.with(
            "Authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/us-east-1/service/aws4_request, SignedHeaders={}, \
                 Signature={signature}",
                names.join(";")
            ),
        );
        assert_eq!(request.accepted(), Ok(()), "{method} {path}?{query} {headers:?}");
    }
}

#[test]
fn the_paths_of_the_test_suite_are_accepted() {
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let unreserved = format!("/{UNRESERVED}");
    are_accepted(
        &[
            ("GET", "/", "", &[], vanilla),
            ("GET", "", "", &[], vanilla),
            ("GET", "//", "", &[], vanilla),
            ("GET", "/./", "", &[], vanilla),
            ("GET", "/example/..", "", &[], vanilla),
            ("GET", "/example1/example2/../..", "", &[], vanilla),
            ("POST", "/", "", &[], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            ("GET", &unreserved, "", &[], "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
            ("GET", "/\u{1234}", "", &[], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            ("GET", "/example space/", "", &[], "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        ],
        "",
    );
}

#[test]
fn the_queries_of_the_test_suite_are_accepted() {
    let unreserved = format!("{UNRESERVED}={UNRESERVED}");
    let ordered = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
    let encoded = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac";
    are_accepted(
        &[
            ("GET", "/", "Param1=value1", &[], "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
            ("POST", "/", "Param1=value1", &[], "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
            ("GET", "/", "Param2=value2&Param1=value1", &[], ordered),
            ("GET", "/", "Param1=value1&Param2=value2", &[], ordered),
            ("GET", "/", &unreserved, &[], "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
            ("GET", "/", "\u{1234}=bar", &[], "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
            ("GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", &[], encoded),
            ("GET", "/", "Param-3=Value3&Param=Value2&\u{1234}=Value1", &[], encoded),
        ],
        "",
    );
}

#[test]
fn the_headers_of_the_test_suite_are_accepted() {
    let one = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c";
    let capital = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d";
    let repeated = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea";
    let order = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01";
    let trimmed = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736";
    let (a, b, c, d) =
        (("My-Header1", "value1"), ("My-Header1", "value2"), ("My-Header1", "value3"), ("My-Header1", "value4"));
    are_accepted(
        &[
            ("POST", "/", "", &[("MY-HEADER1", "value1")], one),
            ("POST", "/", "", &[("My-Header1", "VALUE1")], capital),
            ("GET", "/", "", &[b, b, a], repeated),
            ("GET", "/", "", &[d, a, c, b], order),
            ("GET", "/", "", &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")], trimmed),
        ],
        "",
    );
}

#[test]
fn the_bodies_of_the_test_suite_are_accepted() {
    let stated = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
    are_accepted(
        &[
            (
                "POST",
                "/",
                "",
                &[("Content-Type", "application/x-www-form-urlencoded")],
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                "POST",
                "/",
                "",
                &[("Content-Type", "application/x-www-form-urlencoded; charset=utf8")],
                "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
            ),
            (
                "POST",
                "/",
                "",
                &[
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("Content-Length", "13"),
                    ("X-Amz-Content-Sha256", stated),
                ],
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ],
        "Param1=value1",
    );
}
