//! What both doors read off the wire in the same way: bodies within bounds, and text that is decoded once and strictly.
//! It knows no form, no action and no rule.

pub mod body;
pub mod urlencoded;

use std::cell::Cell;
use std::rc::Rc;

/// For the whole body of a request to arrive.
#[derive(Debug, Clone, Copy)]
pub struct Patience(pub std::time::Duration);

/// Set once what a request asks for has been begun: from then on something may have been changed, and an answer that is
/// lost on its way out must not say otherwise.
#[derive(Clone, Default)]
pub struct Begun(pub Rc<Cell<bool>>);
