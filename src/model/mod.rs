//! Pure. The nouns that every layer shares; knows no other layer.

mod echo;
mod escape;
mod event;
pub mod exit_code;
mod head;
mod headers;
mod job;
mod life;
mod origin_key;
mod paths;
mod reply;
mod throttle;
mod tidings;
mod told;
mod url;

pub use echo::echo;
pub use escape::escape;
pub use event::{Changes, Delivery, Event, EventKind, RefName};
pub use head::{Head, Method};
pub use headers::{Headers, Twice};
pub use job::{DeployWish, JobId, JobMeta, NotAJobId};
pub use life::{IllegalMove, Outcome, State, Transition, next};
pub use origin_key::{NotAnOriginKey, OriginKey};
pub use paths::Paths;
pub use reply::{Origin, Refusal, Reply, Status};
pub use throttle::Throttle;
pub use tidings::{Addressee, NotAnAddressee, Standing, Tidings, Turn, is_target_name};
pub use told::{is_commit, is_delivery_id, is_host, is_name};
pub use url::without_credentials;
