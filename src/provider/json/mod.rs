//! Pure. JSON documents of any size, read as a stream in little memory: everything that is not wanted is passed over.

mod any_value;
mod bounded;
mod commits;
mod fields;
mod pointer;
mod text;
mod walk;

pub(crate) use commits::Commits;
pub(crate) use fields::Fields;
pub use pointer::{NotAPointer, PICKED_LIMIT_BYTES, Picked, Pointer, pick};
pub(crate) use walk::LIST_LIMIT;
