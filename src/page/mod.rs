//! Pure. The page for people: facts become HTML, SVG and JSON, which need no script and bring no style of their own.
//!
//! ```text
//! index.html       is all well, what runs, what waits, each hook, the last jobs
//! still.html       the same, which does not load itself anew; there while something runs
//! job/<id>.html    one job: its facts, its history, and its log if people may read that
//! status.json      the same for programs
//! badge/<hook>.svg a word about a hook
//! style.css        how all of it looks
//! icon.svg         green or red, for the tab of a browser
//! ```
//!
//! A strict `Content-Security-Policy` fits: there is no script, no `style` attribute and no address of another host.

mod alarm;
mod badge;
mod card;
mod command;
mod face;
mod facts;
mod foreign;
mod frame;
mod index;
mod ink;
mod job_page;
mod printed;
mod relay;
mod table;
#[cfg(test)]
mod tests;

pub use badge::{badge, icon, is_badge_of};
pub use card::{Breakage, DeliveryFacts, HookCard, JobCard};
pub use face::{Face, span};
pub use facts::{PageFacts, RunnerFacts, RunningCard, StepFacts};
pub use index::index;
pub use job_page::{JobFactsheet, job_page};
pub use printed::LogExcerpt;
pub use relay::{HostCard, HostJob, RelayCard};

/// The style sheet, the same for every page.
pub const STYLE: &str = include_str!("style.css");
