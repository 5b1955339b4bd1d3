//! Pure. Everything that shows a delivery to be genuine: tokens, digests and signatures, each compared in constant
//! time.

mod authorization;
mod check;
mod denied;
mod hmac_header;
pub(crate) mod keys;
mod mac;
mod matching;
mod required;
mod secret;
mod signed_body;
mod signed_time;
mod strength;
mod unsigned_test;

pub use authorization::Authorization;
pub use check::{Check, Verified};
pub use denied::Denied;
pub(crate) use hmac_header::HmacHeader;
pub(crate) use mac::Mac;
pub use mac::{Algorithm, Encoding};
pub(crate) use matching::{index_of_token, matching_index};
pub(crate) use required::required;
pub use secret::Secret;
pub(crate) use signed_body::SignedBody;
pub(crate) use signed_time::{SECOND_MS, SignedTime, number};
pub use strength::Strength;
pub(crate) use unsigned_test::UnsignedTest;
