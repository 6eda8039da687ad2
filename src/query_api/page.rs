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
