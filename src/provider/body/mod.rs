//! Pure. The body of a delivery on its way to the parser: stored, perhaps a form, and in the end a JSON document.

mod document;
mod form;
mod stored;

pub use document::ReadOptions;
pub(crate) use document::{Document, open, open_if_first};
pub use form::FormError;
pub(crate) use form::FormField;
pub(crate) use stored::StoredBody;
pub use stored::again;
