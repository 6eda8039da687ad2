//! Answers in XML. The library escapes; here is the shape that all answers of the API share, and what XML cannot hold is
//! left out: a control character in a text would make the whole answer unreadable.

use super::service::Service;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::borrow::Cow;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// An answer that is being written.
pub struct Xml {
    writer: Writer<Vec<u8>>,
    response: String,
}

impl Xml {
    fn opened(response: String, service: Service) -> Self {
        let mut xml = Self { writer: Writer::new(Vec::with_capacity(1024)), response };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let start = BytesStart::new(xml.response.clone()).with_attributes([("xmlns", service.namespace())]);
        xml.event(Event::Start(start));
        xml
    }

    /// Memory takes every byte.
    fn event(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("writing to memory does not fail");
    }

    fn closed(mut self) -> Vec<u8> {
        let response = std::mem::take(&mut self.response);
        self.event(Event::End(BytesEnd::new(response)));
        self.writer.into_inner()
    }

    /// `<XResponse>`.
    pub fn begin(service: Service, action: &str) -> Self {
        Self::opened(format!("{action}Response"), service)
    }

    /// Every answer says which request it answers.
    pub fn end(mut self, request_id: &str) -> Vec<u8> {
        self.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
        self.closed()
    }

    pub fn error(service: Service, kind: &str, code: &str, message: &str, request_id: &str) -> Vec<u8> {
        let mut xml = Self::opened("ErrorResponse".to_owned(), service);
        xml.element("Error", |xml| {
            xml.text("Type", kind);
            xml.text("Code", code);
            xml.text("Message", message);
        });
        xml.text("RequestId", request_id);
        xml.closed()
    }

    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name)));
        content(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    pub fn text(&mut self, name: &str, text: &str) {
        let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits: Cow<'_, str> = if plain || text.chars().all(is_xml) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.chars().map(|c| if is_xml(c) { c } else { '\u{fffd}' }).collect())
        };
        self.element(name, |xml| xml.event(Event::Text(BytesText::new(&fits))));
    }

    pub fn flag(&mut self, name: &str, flag: bool) {
        self.text(name, if flag { "true" } else { "false" });
    }

    pub fn number(&mut self, name: &str, number: impl Into<i64>) {
        self.text(name, &number.into().to_string());
    }

    /// In whole seconds.
    pub fn time(&mut self, name: &str, time: OffsetDateTime) {
        let whole = time.replace_nanosecond(0).unwrap_or(time);
        self.text(name, &whole.format(&Rfc3339).unwrap_or_default());
    }

    /// A list, in which each item is a `<member>`.
    pub fn list<T>(&mut self, name: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.element(name, |xml| items.iter().for_each(|one| xml.element("member", |xml| item(xml, one))));
    }

    /// A list of texts.
    pub fn texts<T: AsRef<str>>(&mut self, name: &str, texts: &[T]) {
        self.element(name, |xml| texts.iter().for_each(|text| xml.text("member", text.as_ref())));
    }
}

/// <https://www.w3.org/TR/xml/#charsets>; a carriage return would come back as a line feed, so it is escaped by the library
/// or, where it is not, is no part of any name.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quick_xml::Reader;

    fn answer(content: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::begin(Service::Iam, "GetUser");
        xml.element("GetUserResult", content);
        String::from_utf8(xml.end("the-id")).unwrap()
    }

    #[test]
    fn an_answer_has_awss_envelope() {
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><GetUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                        <GetUserResult><A>1</A><Tags><member>x</member><member>y</member></Tags></GetUserResult>\
                        <ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></GetUserResponse>";
        let written = answer(|xml| {
            xml.number("A", 1);
            xml.texts("Tags", &["x", "y"]);
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn an_error_has_awss_envelope() {
        let xml = String::from_utf8(Xml::error(Service::Sts, "Sender", "AccessDenied", "no <&>", "the-id")).unwrap();
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;&amp;&gt;</Message></Error>\
             <RequestId>the-id</RequestId></ErrorResponse>"
        );
    }

    #[test]
    fn a_moment_is_written_in_whole_seconds() {
        let written = answer(|xml| xml.time("CreateDate", time::macros::datetime!(2026-11-23 18:41:00.123456 UTC)));
        assert!(written.contains("<CreateDate>2026-11-23T18:41:00Z</CreateDate>"), "{written}");
    }

    proptest! {
        #[test]
        fn whatever_the_text_the_answer_is_well_formed(text in any::<String>()) {
            let written = answer(|xml| xml.text("Value", &text));
            let mut reader = Reader::from_str(&written);
            loop {
                match reader.read_event() {
                    Ok(Event::Eof) => break,
                    Ok(event) => drop(event),
                    Err(error) => panic!("{error}: {written}"),
                }
            }
            prop_assert!(written.chars().all(is_xml));
        }
    }
}
