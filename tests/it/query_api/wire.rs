//! The wire: envelopes, methods, bodies, what is refused before anything is done.

use crate::support::api::{Api, form};
use crate::support::server::{BEGINNING, TestServer};
use time::Duration;

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

async fn admin() -> (TestServer, Api) {
    let server = TestServer::start().await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let api = Api::of(&server, "admin").await;
    (server, api)
}

#[tokio::test]
async fn an_answer_says_in_body_and_header_which_request_it_answers() {
    let (_server, api) = admin().await;
    let answer = api.call("GetUser", &[]).await;
    assert_eq!(answer.assert_done().text("RequestId"), Some(answer.request_id.clone()));
    assert_eq!(answer.content_type, "text/xml; charset=utf-8");
    assert!(
        answer.body.contains("<GetUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetUserResult>")
    );
    let nothing = api.call("DeleteAccountPasswordPolicy", &[]).await;
    assert!(
        nothing
            .body
            .contains("<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>")
    );
    api.call("UpdateAccountPasswordPolicy", &[]).await.assert_done();
    let done = api.call("DeleteAccountPasswordPolicy", &[]).await;
    assert!(!done.assert_done().body.contains("Result>"), "no result where the model has none: {}", done.body);
    let sts = api.call("GetCallerIdentity", &[]).await;
    assert!(sts.body.contains("xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""), "{}", sts.body);
}

#[tokio::test]
async fn an_unknown_action_or_version_is_invalid_and_a_missing_one_is_missed() {
    let (_server, api) = admin().await;
    let body = |body: &str| api.send(api.signed(BEGINNING, "iam", body));
    for (sent, message) in [
        ("Action=Nope&Version=2010-05-08", "Could not find operation Nope for version 2010-05-08"),
        ("Action=GetUser&Version=2099-01-01", "Could not find operation GetUser for version 2099-01-01"),
        ("Action=GetUser", "Could not find operation GetUser for version NO_VERSION_SPECIFIED"),
        (
            "Action=GetCallerIdentity&Version=2010-05-08",
            "Could not find operation GetCallerIdentity for version 2010-05-08",
        ),
        ("Action=getuser&Version=2010-05-08", "Could not find operation getuser for version 2010-05-08"),
    ] {
        body(sent).await.assert_refused(400, "InvalidAction", message);
    }
    body("Version=2010-05-08").await.assert_refused(
        400,
        "MissingAction",
        "The request must contain the parameter Action.",
    );
}

#[tokio::test]
async fn nothing_is_silently_ignored() {
    let (server, api) = admin().await;
    let before = server.database.rows().await;
    let create = form("CreateUser", &[("UserName", "new")]);
    for (more, says) in [
        ("&UserName=other", "The parameter UserName stands more than once."),
        ("&Action=GetUser", "The parameter Action stands more than once."),
        ("&Nope=1", "The parameter Nope is not recognized."),
        ("&Tags.member.2.Key=a&Tags.member.2.Value=b", "The parameter Tags.member is not recognized."),
        ("&Tags.member.01.Key=a", "The parameter Tags.member.01.Key is not recognized."),
        ("&Tags.1.Key=a", "The parameter Tags.1.Key is not recognized."),
        (
            "&Tags=nonsense",
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must be a list",
        ),
        ("&Path=%zz", "The request holds a bad percent escape."),
        ("&Path=%ff", "The request holds text that is not valid UTF-8."),
    ] {
        let answer = api.send(api.signed(BEGINNING, "iam", &format!("{create}{more}"))).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{more}");
        assert_eq!(answer.message(), says);
    }
    let boundary =
        api.call("CreateUser", &[("UserName", "new"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/A")]).await;
    let says = "1 validation error detected: Value at 'permissionsBoundary' failed to satisfy constraint: Member is not \
                supported by this server";
    boundary.assert_refused(400, "ValidationError", says);
    let many = (0..10_000).fold(String::new(), |all, number| all + &format!("&p{number}=1"));
    let answer = api.send(api.signed(BEGINNING, "iam", &format!("{create}{}", &many[..60_000]))).await;
    assert_eq!(answer.message(), "The request has more than 150 parameters.");
    assert_eq!(server.database.rows().await, before);
}

#[tokio::test]
async fn all_that_a_request_breaks_is_said_at_once() {
    let (_server, api) = admin().await;
    let long = "u".repeat(65);
    let answer = api.call("CreateUser", &[("UserName", &long), ("Path", "no-slash"), ("Tags.member.1.Key", "")]).await;
    let says = "4 validation errors detected: The specified value for path is invalid. It must begin and end with / and contain only \
                alphanumeric characters and/or / characters.; \
                Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64; \
                Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; \
                Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null";
    answer.assert_refused(400, "ValidationError", says);
}

#[tokio::test]
async fn parameters_in_the_query_are_refused() {
    let (server, api) = admin().await;
    let before = server.database.rows().await;
    // Not signed: the query is part of what is signed.
    let unsigned = api.send(
        api.request("POST", "/?Action=GetUser&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded"),
    );
    unsigned.await.assert_refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    let tampered =
        api.signed(BEGINNING, "iam", &form("CreateUser", &[("UserName", "new")])).build().expect("a request");
    let url = format!("{}/?UserName=other", api.url);
    let request = api.request("POST", "/?UserName=other").headers(tampered.headers().clone());
    let answer = api.send(request.body(form("CreateUser", &[("UserName", "new")]))).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "SignatureDoesNotMatch"), "{url}");
    assert_eq!(server.database.rows().await, before);
}

#[tokio::test]
async fn a_request_without_a_signature_or_with_a_presigned_one_is_missing_its_token() {
    let (_server, api) = admin().await;
    let presigned = "/?Action=GetUser&Version=2010-05-08&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0";
    for (method, target) in [("POST", "/"), ("POST", presigned), ("GET", presigned), ("GET", "/?Action=GetUser")] {
        let request = api.request(method, target).header("content-type", "application/x-www-form-urlencoded");
        let answer = api.send(request).await;
        answer.assert_refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    }
    // Who only opens the address is shown the console.
    assert_eq!(reqwest::get(format!("{}/", api.url)).await.expect("a page").status(), 200);
}

#[tokio::test]
async fn a_signed_get_is_told_to_post() {
    let (_server, api) = admin().await;
    let signed = api.signed(BEGINNING, "iam", "").build().expect("a request");
    let answer = api.send(api.request("GET", "/?Action=GetUser").headers(signed.headers().clone())).await;
    answer.assert_refused(405, "MethodNotAllowed", "Send the request with POST.");
}

#[tokio::test]
async fn bodies_that_are_no_form_or_too_long_are_refused() {
    let (server, api) = admin().await;
    let before = server.database.rows().await;
    for kind in [
        "text/xml",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=latin1",
    ] {
        let xml = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>";
        let answer = api.send(api.request("POST", "/").header("content-type", kind).body(xml)).await;
        assert_eq!((answer.status, answer.code().as_str()), (415, "UnsupportedMediaType"), "{kind}");
    }
    let long = format!("{}&x={}", form("CreateUser", &[("UserName", "new")]), "x".repeat(64 * 1024));
    let answer = api.send(api.signed(BEGINNING, "iam", &long)).await;
    answer.assert_refused(413, "RequestEntityTooLarge", "The request is larger than 64 KiB.");
    assert_eq!(server.database.rows().await, before);
}

#[tokio::test]
async fn a_cookie_opens_nothing_here() {
    let (server, api) = admin().await;
    let mut browser = server.signed_in("admin").await;
    let request = browser.request("POST", "/").header("content-type", "application/x-www-form-urlencoded");
    let answer = browser.send(request.body(form("GetUser", &[]))).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("<Code>MissingAuthenticationToken</Code>"), "{}", answer.body);
    assert!(answer.headers.get("set-cookie").is_none() && !api.url.is_empty());
}

#[tokio::test]
async fn any_region_will_do_and_only_the_right_service() {
    let (_server, api) = admin().await;
    for region in ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "my-cellar"] {
        Api { region: region.to_owned(), ..api.clone() }.call("GetUser", &[]).await.assert_done();
    }
    let body = form("GetUser", &[]);
    for (service, says) in [("sts", "iam"), ("s3", "iam")] {
        let answer = api.send(api.signed(BEGINNING, service, &body)).await;
        let message = format!("Credential should be scoped to correct service: '{says}'. ");
        answer.assert_refused(403, "SignatureDoesNotMatch", &message);
    }
    let answer = api.send(api.signed(BEGINNING, "iam", &form("GetCallerIdentity", &[]))).await;
    answer.assert_refused(403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'. ");
}

#[tokio::test]
async fn a_signature_is_good_for_fifteen_minutes_on_either_side() {
    let (server, api) = admin().await;
    api.call_at(BEGINNING - Duration::minutes(15), "GetUser", &[]).await.assert_done();
    api.call_at(BEGINNING + Duration::minutes(15), "GetUser", &[]).await.assert_done();
    let late = api.call_at(BEGINNING - Duration::seconds(901), "GetUser", &[]).await;
    let says = "Signature expired: 20261123T182559Z is now earlier than 20261123T182600Z (20261123T184100Z - 15 min.)";
    late.assert_refused(403, "SignatureDoesNotMatch", says);
    let early = api.call_at(BEGINNING + Duration::seconds(901), "GetUser", &[]).await;
    let says =
        "Signature not yet current: 20261123T185601Z is still later than 20261123T185600Z (20261123T184100Z + 15 min.)";
    early.assert_refused(403, "SignatureDoesNotMatch", says);
    server.clock.advance(Duration::hours(1));
    api.call_at(BEGINNING + Duration::hours(1), "GetUser", &[]).await.assert_done();
}

#[tokio::test]
async fn a_request_that_was_tampered_with_runs_nothing() {
    let (server, api) = admin().await;
    let signed = api.signed(BEGINNING, "iam", &form("CreateUser", &[("UserName", "new")])).build().expect("a request");
    let before = server.database.rows().await;
    let body = form("CreateUser", &[("UserName", "new")]);
    for at in 0..body.len() {
        let mut other = body.clone().into_bytes();
        other[at] ^= 1;
        let answer = api.send(api.request("POST", "/").headers(signed.headers().clone()).body(other)).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "SignatureDoesNotMatch"), "byte {at}");
    }
    for (header, value) in [
        ("x-amz-date", "20261123T184101Z"),
        ("host", "localhost:1"),
        ("content-type", "application/x-www-form-urlencoded"),
    ] {
        let mut headers = signed.headers().clone();
        headers.insert(header, value.parse().expect("a value"));
        let answer = api.send(api.request("POST", "/").headers(headers).body(body.clone())).await;
        assert_eq!(answer.code(), "SignatureDoesNotMatch", "{header}");
    }
    assert_eq!(server.database.rows().await, before);
    api.send(api.request("POST", "/").headers(signed.headers().clone()).body(body)).await.assert_done();
}

#[tokio::test]
async fn no_header_is_needed_that_the_clients_do_not_send_and_none_is_doubled() {
    let (_server, api) = admin().await;
    let body = form("GetUser", &[]);
    let invalid = "The security token included in the request is invalid.";
    let unsigned = "'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization.";
    let doubled = "Request has more than one 'x-amz-date' header.";
    for (name, value, status, code, says) in [
        ("x-amz-security-token", "token", 403, "InvalidClientTokenId", invalid),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD", 403, "SignatureDoesNotMatch", unsigned),
        ("x-amz-date", "20261123T184100Z", 400, "IncompleteSignature", doubled),
    ] {
        api.send(api.signed(BEGINNING, "iam", &body).header(name, value)).await.assert_refused(status, code, says);
    }
    api.send(api.signed(BEGINNING, "iam", &body).header("accept-language", "de")).await.assert_done();
}

#[tokio::test]
async fn a_list_is_turned_over_page_by_page_and_a_marker_that_is_none_is_refused() {
    let (server, api) = admin().await;
    for number in 0..7 {
        server.create_user(&format!("user-{number}"), None, None).await;
    }
    let (mut names, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = vec![("MaxItems", "3")];
        if let Some(marker) = &marker {
            parameters.push(("Marker", marker.as_str()));
        }
        let answer = api.call("ListUsers", &parameters).await;
        let page: Vec<_> =
            answer.assert_done().body.split("<UserName>").skip(1).map(|rest| rest[..6].to_owned()).collect();
        assert!(page.len() <= 3);
        names.extend(page);
        marker = answer.text("Marker");
        assert_eq!(answer.text("IsTruncated").as_deref(), Some(if marker.is_some() { "true" } else { "false" }));
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["admin<", "user-0", "user-1", "user-2", "user-3", "user-4", "user-5", "user-6"]);
    for wrong in ["!", "AA", "_w"] {
        let answer = api.call("ListUsers", &[("Marker", wrong)]).await;
        assert_eq!((answer.status, answer.message().as_str()), (400, "Invalid Marker."), "{wrong}");
    }
}

#[tokio::test]
async fn an_unknown_host_is_refused_in_xml() {
    let (_server, api) = admin().await;
    let answer = api.send(api.signed(BEGINNING, "iam", &form("GetUser", &[])).header("host", "evil.example")).await;
    assert!(answer.status == 421 && answer.body.starts_with("<?xml"), "{} {}", answer.status, answer.body);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_told_to_who_asked_and_stands_in_no_record() {
    let (server, api) = admin().await;
    server.user("nobody", None).await;
    let poor = Api::of(&server, "nobody").await;
    for (action, parameters) in [
        ("GetUser", &[("UserName", "My-Secret-1")][..]),
        ("DeleteUser", &[("UserName", "My-Secret-1")]),
        ("GetGroup", &[("GroupName", "My-Secret-1")]),
        ("PutUserPolicy", &[("UserName", "My-Secret-1"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ] {
        for caller in [&api, &poor] {
            let answer = caller.call(action, parameters).await;
            assert!(answer.status >= 400 && answer.message().contains("My-Secret-1"), "{}", answer.body);
        }
    }
    let all = "SELECT COALESCE(error_message, '') || COALESCE(request_parameters, '') FROM audit_records";
    let records = server.database.texts(all).await;
    assert!(!records.iter().any(|record| record.contains("My-Secret-1")), "{records:?}");
    assert_eq!(records.iter().filter(|record| record.contains("HIDDEN_DUE_TO_SECURITY_REASONS")).count(), 8);
}

#[tokio::test]
async fn the_longest_tag_keys_are_turned_over_page_by_page() {
    let (_server, api) = admin().await;
    let keys: Vec<String> = ["漢", "字", "語"].map(|character| character.repeat(128)).to_vec();
    for key in &keys {
        let tag = [("UserName", "admin"), ("Tags.member.1.Key", key.as_str()), ("Tags.member.1.Value", "")];
        api.call("TagUser", &tag).await.assert_done();
    }
    let (mut seen, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = vec![("UserName", "admin"), ("MaxItems", "1")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let answer = api.call("ListUserTags", &parameters).await;
        seen.extend(answer.assert_done().text("Key"));
        marker = answer.text("Marker");
        if marker.is_none() {
            break;
        }
    }
    seen.sort();
    let mut keys = keys;
    keys.sort();
    assert_eq!(seen, keys);
}

#[tokio::test]
async fn an_authorization_of_another_scheme_is_the_proxys_and_no_call() {
    let (_server, api) = admin().await;
    let request = api.request("GET", "/").header("authorization", "Basic dXNlcjpwYXNzd29yZA==");
    let page = request.send().await.expect("a page");
    assert_eq!(
        (page.status().as_u16(), page.headers()["content-type"].to_str().expect("a type")),
        (200, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn a_refusal_tells_neither_that_somebody_is_there_nor_where_and_the_record_tells_both() {
    let (server, api) = admin().await;
    server.user("eve", None).await;
    let eve = Api::of(&server, "eve").await;
    api.call("CreateUser", &[("UserName", "Alice.Secret"), ("Path", "/hidden/board/")]).await.assert_done();
    api.call("CreateGroup", &[("GroupName", "Finance-Ops"), ("Path", "/priv/")]).await.assert_done();
    for (action, member, there, absent) in [
        ("GetUser", "UserName", "alice.secret", "nobody"),
        ("ListAccessKeys", "UserName", "ALICE.SECRET", "nobody"),
        ("GetGroup", "GroupName", "finance-ops", "no-group"),
    ] {
        let about = async |name: &str| {
            let answer = eve.call(action, &[(member, name)]).await;
            (answer.status, answer.code(), answer.message().replace(name, "NAME"))
        };
        assert_eq!(about(there).await, about(absent).await, "{action}");
    }
    let recorded = |arn: &str| format!("SELECT COUNT(*) FROM audit_records WHERE error_message LIKE '%{arn}%'");
    assert_eq!(server.database.number(&recorded("user/hidden/board/Alice.Secret because")).await, 2);
    assert_eq!(server.database.number(&recorded("group/priv/Finance-Ops because")).await, 1);
    // Of oneself one is told all.
    let own = eve.call("GetUser", &[]).await;
    assert!(own.message().contains("user/eve because"), "{}", own.message());
}
