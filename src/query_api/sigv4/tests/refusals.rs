//! Each thing that is wrong, in a request that is right in all else: its code and its words.

use super::*;

const INCOMPLETE: &str = "IncompleteSignature";
const NO_MATCH: &str = "SignatureDoesNotMatch";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";
const SIGNED: &str = "content-type;host;x-amz-date";
const CREDENTIAL: &str = "Credential=AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/iam/aws4_request";

/// Signed, then its Authorization header changed.
fn with_authorization(change: impl FnOnce(&str) -> String) -> Request {
    let mut request = list_users().signed();
    let (_, value) = request.headers.last_mut().unwrap();
    *value = change(std::str::from_utf8(value).unwrap()).into_bytes();
    request
}

fn with_credential(credential: &str) -> Request {
    with_authorization(|header| header.replace(CREDENTIAL, &format!("Credential={credential}")))
}

#[test]
fn the_request_that_the_others_are_made_of_is_accepted() {
    assert_eq!(list_users().signed().accepted(), Ok(()));
    assert_eq!(with_authorization(str::to_owned).accepted(), Ok(()));
    let turned = with_authorization(|header| {
        let (scheme, parameters) = header.split_once(' ').unwrap();
        let mut parameters: Vec<_> = parameters.split(", ").collect();
        parameters.reverse();
        format!("{scheme}  {}", parameters.join(" ,"))
    });
    assert_eq!(turned.accepted(), Ok(()));
}

#[test]
fn a_request_that_is_not_signed_lacks_a_token_even_where_its_url_is_presigned() {
    let missing = "Request is missing Authentication Token";
    list_users().is_refused("MissingAuthenticationToken", missing);
    let mut presigned = list_users();
    presigned.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00".to_owned();
    presigned.is_refused("MissingAuthenticationToken", missing);
}

#[test]
fn another_scheme_is_told_all_that_it_lacks_and_nothing_of_its_secret() {
    let all = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
               Authorization header requires 'SignedHeaders' parameter. ";
    for (authorization, scheme) in [
        ("Basic c2VjcmV0", "Basic"),
        ("AWS4-HMAC-SHA512 Credential=a", "AWS4-HMAC-SHA512"),
        ("c2VjcmV0", ""),
        ("c2VjcmV0/= x", ""),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa x", ""),
        ("", ""),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256 Credential=, SignedHeaders=,Signature=", "AWS4-HMAC-SHA256"),
    ] {
        let request = list_users().with("Authorization", authorization);
        request.is_refused(INCOMPLETE, &format!("{all}Authorization={scheme}"));
    }
    let mut binary = list_users();
    binary.headers.push(("Authorization".to_owned(), vec![0xff, b' ', b'a']));
    binary.is_refused(INCOMPLETE, &format!("{all}Authorization="));
}

#[test]
fn a_missing_parameter_is_named() {
    for (name, start, end) in [
        ("Credential", "Credential", ", SignedHeaders"),
        ("SignedHeaders", "SignedHeaders", ", Signature"),
        ("Signature", ", Signature", ""),
    ] {
        let request = with_authorization(|header| {
            let from = header.find(&format!("{start}=")).unwrap();
            let to = if end.is_empty() { header.len() } else { header.find(&format!("{end}=")).unwrap() + 2 };
            header.replace(&header[from..to], "")
        });
        let message = format!("Authorization header requires '{name}' parameter. Authorization=AWS4-HMAC-SHA256");
        request.is_refused(INCOMPLETE, &message);
    }
}

#[test]
fn a_request_without_any_date_is_refused() {
    list_users().without("X-Amz-Date").signed().is_refused(
        INCOMPLETE,
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
         Authorization=AWS4-HMAC-SHA256",
    );
}

#[test]
fn a_parameter_that_comes_twice_or_is_unknown_or_none_is_refused() {
    for (added, what) in [
        (", Signature=00", "has more than one 'Signature' parameter"),
        (", Credential=00", "has more than one 'Credential' parameter"),
        (", SignedHeaders=host", "has more than one 'SignedHeaders' parameter"),
        (", Expires=900", "has a parameter other than 'Credential', 'SignedHeaders' and 'Signature'"),
        (", signature=00", "has a parameter other than 'Credential', 'SignedHeaders' and 'Signature'"),
        (", c2VjcmV0", "has a part that is not a valid key=value pair (missing equal-sign)"),
        (",", "has a part that is not a valid key=value pair (missing equal-sign)"),
    ] {
        let request = with_authorization(|header| format!("{header}{added}"));
        request.is_refused(INCOMPLETE, &format!("Authorization header {what}. Authorization=AWS4-HMAC-SHA256"));
    }
}

#[test]
fn a_credential_has_five_elements() {
    for (credential, count) in
        [("AKIAIOSFODNN7EXAMPLE", 1), ("AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/iam", 4), ("a/b/c/d/e/f", 6)]
    {
        with_credential(credential).is_refused(
            INCOMPLETE,
            &format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got {count}"
            ),
        );
    }
}

#[test]
fn a_region_and_a_service_are_well_formed() {
    let long = "a".repeat(65);
    for wrong in ["", "US-EAST-1", "us_east_1", "us-east-1 ", long.as_str()] {
        with_credential(&format!("{KEY_ID}/20150830/{wrong}/iam/aws4_request"))
            .is_refused(INCOMPLETE, "Credential should be scoped to a valid region.");
        with_credential(&format!("{KEY_ID}/20150830/us-east-1/{wrong}/aws4_request"))
            .is_refused(INCOMPLETE, "Credential should be scoped to a valid service.");
    }
    for right in ["cn-north-1", "x", &long[1..]] {
        let scope = format!("20150830/{right}/{right}/aws4_request");
        assert_eq!(list_users().signed_for(&scope, SIGNED).accepted(), Ok(()), "{right}");
    }
}

#[test]
fn a_credential_ends_as_it_must() {
    with_credential(&format!("{KEY_ID}/20150830/us-east-1/iam/aws5_request")).is_refused(
        NO_MATCH,
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    );
    let long = "\u{e9}".repeat(1000);
    let refused = with_credential(&format!("{KEY_ID}/20150830/us-east-1/iam/{long}")).accepted().unwrap_err();
    assert!(refused.message.len() < 200 && refused.message.is_ascii(), "{refused:?}");
}

#[test]
fn a_piece_of_the_request_comes_back_whole_up_to_40_characters_and_cut_from_there() {
    for (sent, told) in [("t".repeat(40), "t".repeat(40)), ("t".repeat(41), format!("{}...", "t".repeat(40)))] {
        with_credential(&format!("{KEY_ID}/20150830/us-east-1/iam/{sent}")).is_refused(
            NO_MATCH,
            &format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{told}'."),
        );
    }
}

#[test]
fn signed_headers_are_lower_case_and_in_order_and_each_once() {
    for wrong in [
        "host;content-type;x-amz-date",
        "content-type;host;host;x-amz-date",
        "content-type;Host;x-amz-date",
        ";content-type;host;x-amz-date",
        "content-type;;host;x-amz-date",
        "content-type;host;x-amz-date;",
        "content-type;ho st;x-amz-date",
        "content-type;host:a;x-amz-date",
    ] {
        with_authorization(|header| header.replace(SIGNED, wrong)).is_refused(
            INCOMPLETE,
            "'SignedHeaders' must be lower-case header names in order, each once, separated by ';'.",
        );
    }
}

#[test]
fn a_signed_header_that_is_not_there_is_refused() {
    list_users()
        .signed_over("accept;content-type;host;x-amz-date")
        .is_refused(NO_MATCH, "The signed header 'accept' is not in the request.");
}

#[test]
fn the_host_is_there_once_and_signed() {
    list_users()
        .signed_over("content-type;x-amz-date")
        .is_refused(NO_MATCH, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    list_users().without("Host").signed().is_refused(INCOMPLETE, "Request must have exactly one 'Host' header.");
    let both = list_users().with(":authority", "iam.amazonaws.com");
    both.signed().is_refused(INCOMPLETE, "Request must have exactly one 'Host' header.");
    assert_eq!(list_users().without("Host").with(":authority", "iam.amazonaws.com").signed().accepted(), Ok(()));
}

#[test]
fn the_date_that_counts_is_signed() {
    list_users()
        .signed_over("content-type;host")
        .is_refused(NO_MATCH, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.");
    list_users()
        .without("X-Amz-Date")
        .with("Date", "20150830T123600Z")
        .signed_over("content-type;host")
        .is_refused(NO_MATCH, "'Date' must be a 'SignedHeader' in the AWS Authorization.");
}

#[test]
fn every_header_of_aws_is_signed() {
    list_users()
        .with("x-AMZ-Target", "other")
        .signed_over(SIGNED)
        .is_refused(NO_MATCH, "'x-AMZ-Target' must be a 'SignedHeader' in the AWS Authorization.");
    assert_eq!(list_users().with("x-AMZ-Target", "other").signed().accepted(), Ok(()));
    assert_eq!(list_users().with("User-Agent", "any").signed_over(SIGNED).accepted(), Ok(()));
}

#[test]
fn a_header_that_says_who_or_what_or_when_comes_once() {
    for name in
        ["authorization", "host", "x-amz-date", "date", "x-amz-content-sha256", "content-type", "content-length"]
    {
        let lacking = list_users().headers.iter().all(|(own, _)| !own.eq_ignore_ascii_case(name));
        let mut request = list_users();
        if lacking && name != "authorization" {
            request = request.with(&name.to_uppercase(), "0");
        }
        request = request.signed();
        request = request.with(name, "0");
        request.is_refused(INCOMPLETE, &format!("Request has more than one '{name}' header."));
    }
    assert_eq!(list_users().with("My-Own", "1").with("my-own", "2").signed().accepted(), Ok(()));
}

#[test]
fn a_session_token_is_none_of_ours() {
    let request = list_users().with("X-Amz-Security-Token", "AQoDYXdzEPT").signed();
    request.is_refused("InvalidClientTokenId", "The security token included in the request is invalid.");
}

#[test]
fn the_stated_hash_is_the_bodys() {
    let right = hex(&Sha256::digest(b""));
    assert_eq!(list_users().with("X-Amz-Content-Sha256", &right).signed().accepted(), Ok(()));
    for wrong in [
        "",
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        &right.to_uppercase(),
        &hex(&Sha256::digest(b"other")),
    ] {
        list_users()
            .with("X-Amz-Content-Sha256", wrong)
            .signed()
            .is_refused(NO_MATCH, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
}

#[test]
fn a_signature_is_sixty_four_lower_case_digits_and_the_right_one() {
    let signature = hex(&list_users().signature("20150830/us-east-1/iam/aws4_request", SIGNED));
    for wrong in [
        &signature[1..],
        &format!("{signature}0"),
        &format!("{signature}00"),
        &signature.to_uppercase(),
        &signature.replace(|c: char| c.is_ascii_digit(), "g"),
        &"0".repeat(64),
    ] {
        with_authorization(|header| header.replace(&signature, wrong)).is_refused(NO_MATCH, MISMATCH);
    }
}

#[test]
fn another_secret_does_not_match() {
    list_users().signed().read(|request| {
        let authorization = Authorization::read(request).ok().unwrap();
        for wrong in ["", &SECRET[1..], &SECRET.to_lowercase(), &SECRET.repeat(4)] {
            assert_eq!(authorization.verify(request, wrong).unwrap_err().message, MISMATCH, "{wrong}");
        }
        assert_eq!(authorization.verify(request, SECRET), Ok(()));
    });
}

#[test]
fn a_signature_is_not_good_for_another_region_or_service() {
    for scope in ["20150830/us-east-2/iam/aws4_request", "20150830/us-east-1/sts/aws4_request"] {
        with_credential(&format!("{KEY_ID}/{scope}")).is_refused(NO_MATCH, MISMATCH);
    }
}

#[test]
fn a_fingerprint_names_one_signed_request_however_its_header_is_written() {
    let print = |request: &Request| request.read(|request| Authorization::read(request).ok().unwrap().fingerprint());
    let one = print(&list_users().signed());
    assert_eq!(one.len(), 64);
    assert_eq!(print(&with_authorization(|header| header.replace(", ", ","))), one);
    assert_ne!(print(&list_users().with("Accept", "*/*").signed()), one);
    let other_key = with_credential("AKIAIOSFODNN7EXAMPL2/20150830/us-east-1/iam/aws4_request");
    assert_ne!(print(&other_key), one);
}
