//! When a request was signed, in each form that clients write, and how long a signature is good for.

use super::*;
use crate::query_api::sigv4::signing_time;
use time::Duration;

#[test]
fn a_signature_is_good_for_exactly_fifteen_minutes_on_either_side() {
    list_users().signed().read(|request| {
        let authorization = Authorization::read(request).ok().unwrap();
        let patience = Duration::minutes(15);
        for now in [SIGNED_AT - patience, SIGNED_AT, SIGNED_AT + patience] {
            assert_eq!(authorization.is_current(now), Ok(()), "{now}");
        }
        for now in [SIGNED_AT - patience - Duration::NANOSECOND, SIGNED_AT + patience + Duration::NANOSECOND] {
            assert_eq!(authorization.is_current(now).unwrap_err().code, "SignatureDoesNotMatch", "{now}");
        }
    });
}

#[test]
fn an_old_and_a_coming_signature_are_refused_with_both_times() {
    list_users().signed().read(|request| {
        let authorization = Authorization::read(request).ok().unwrap();
        assert_eq!(
            authorization.is_current(datetime!(2015-08-30 12:51:01 UTC)).unwrap_err().message,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
        );
        assert_eq!(
            authorization.is_current(datetime!(2015-08-30 14:20:59 +02:00)).unwrap_err().message,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"
        );
    });
}

#[test]
fn a_date_header_counts_where_there_is_no_other() {
    for date in [
        "Sun, 30 Aug 2015 12:36:00 GMT",
        "Sun, 30 Aug 2015 12:36:00 -0000",
        "Sun, 30 Aug 2015 12:36:00 +0000",
        "20150830T123600Z",
    ] {
        assert_eq!(list_users().without("X-Amz-Date").with("Date", date).signed().accepted(), Ok(()), "{date}");
    }
    let proxy = list_users().with("Date", "Mon, 31 Aug 2015 00:00:00 GMT");
    assert_eq!(proxy.signed_over("content-type;host;x-amz-date").accepted(), Ok(()));
}

#[test]
fn the_name_of_the_day_is_not_held_against_the_date() {
    assert_eq!(signing_time::parse(b"Mon, 09 Sep 2011 23:36:00 GMT"), Ok(datetime!(2011-09-09 23:36:00 UTC)));
}

#[test]
fn a_date_in_another_form_is_refused() {
    let wrong = [
        "",
        "201508301236Z",
        "20150830T123600",
        "20150830t123600z",
        "2015-08-30T12:36:00Z",
        "20150830T123600+0000",
        "20150830T123660Z",
        "20150830T243600Z",
        "20150229T123600Z",
        "20151330T123600Z",
        "20150030T123600Z",
        "+0150830T123600Z",
        "20150830T1236 0Z",
        "20150830T123600ZZ",
        "20150830T1236Z",
        "20150830T123665536Z",
        "Sun, 30 Aug 2015 12:36:00",
        "Sun, 30 Aug 2015 12:36:00 CEST",
        "Sun, 30 Aug 2015 12:36:00 +0200",
        "Sun, 30 aug 2015 12:36:00 GMT",
        "Son, 30 Aug 2015 12:36:00 GMT",
        "Sun, 30 Aug 15 12:36:00 GMT",
        "Sun, 31 Feb 2015 12:36:00 GMT",
        "Sun Aug 30 12:36:00 2015",
    ];
    for wrong in wrong {
        let request = list_users().without("X-Amz-Date").with("X-Amz-Date", wrong).signed();
        let message = format!(
            "Date must be in ISO-8601 'basic format'. Got '{wrong}'. See http://en.wikipedia.org/wiki/ISO_8601"
        );
        request.is_refused("IncompleteSignature", &message);
    }
}

#[test]
fn a_scope_of_another_day_is_refused() {
    let request = list_users().signed_for("20150829/us-east-1/iam/aws4_request", "content-type;host;x-amz-date");
    request.is_refused(
        "SignatureDoesNotMatch",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != \
         '20150830', from '20150830T123600Z'.",
    );
}
