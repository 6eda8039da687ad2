//! Long lists in pieces, on the wire: `Marker` and `MaxItems` in, `IsTruncated` and `Marker` out. A marker is the key of the
//! last item, encoded so that nobody takes it for one.

use super::parameters::{Parameters, invalid};
use super::xml::Xml;
use crate::domain::error::Error;
use crate::domain::page::{Page, Paged};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

impl Parameters {
    /// Where a list goes on: what the answer before has called its `Marker`.
    pub fn page(&self) -> Result<Page, Error> {
        let decode = |marker: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
            // No key has a control character, and PostgreSQL takes no NUL.
            String::from_utf8(bytes).ok().filter(|key| !key.chars().any(char::is_control))
        };
        let after = match self.text("Marker") {
            None => None,
            Some(marker) => Some(decode(marker).ok_or_else(|| invalid("Invalid Marker."))?),
        };
        Ok(Page { after, max_items: self.number("MaxItems").unwrap_or(Page::default().max_items) })
    }
}

/// Whether more comes, and where.
pub(super) fn rest<T>(xml: &mut Xml, paged: &Paged<T>) {
    xml.flag("IsTruncated", paged.next.is_some());
    if let Some(next) = &paged.next {
        xml.text("Marker", &URL_SAFE_NO_PAD.encode(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_api::members::{MARKER, MAX_ITEMS};
    use crate::query_api::parameters::Fields;
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    fn page(name: &str, value: &str) -> Option<Page> {
        let pair = (Zeroizing::new(name.to_owned()), Zeroizing::new(value.to_owned()));
        let fields = Fields::of(vec![pair]).expect("one field");
        Parameters::check(fields, &[MARKER, MAX_ITEMS]).ok()?.page().ok()
    }

    proptest! {
        #[test]
        fn a_list_goes_on_where_the_last_piece_ended(key in "[^\\p{Cc}]{1,60}") {
            let written = URL_SAFE_NO_PAD.encode(&key);
            prop_assert_eq!(page("Marker", &written).unwrap(), Page { after: Some(key), ..Page::default() });
        }

        #[test]
        fn any_other_marker_is_refused_and_none_is_taken_for_another(marker in "\\PC{0,40}|[A-Za-z0-9_-]{1,40}") {
            if let Some(page) = page("Marker", &marker) {
                let after = page.after.unwrap();
                prop_assert!(!after.chars().any(char::is_control));
                prop_assert_eq!(URL_SAFE_NO_PAD.encode(after), marker);
            }
        }

        #[test]
        fn a_marker_with_a_control_character_is_refused(before in "[a-z]{0,5}", control in "\\p{Cc}", after in "[a-z]{0,5}") {
            let marker = URL_SAFE_NO_PAD.encode([before, control, after].concat());
            prop_assert!(page("Marker", &marker).is_none());
        }

        #[test]
        fn as_many_items_come_as_are_asked_for_from_1_to_1000(number in -2_i64..1100, text in "\\PC{0,12}|[+-]?[0-9]{0,20}") {
            let asked = u32::try_from(number).ok().filter(|number| (1..=1000).contains(number));
            prop_assert_eq!(page("MaxItems", &number.to_string()).map(|page| page.max_items), asked);
            if let Some(page) = page("MaxItems", &text) {
                prop_assert_eq!(text.parse(), Ok(page.max_items));
            }
        }
    }
}
