//! Edge. Metrics: the facts of a spool and its runner in Prometheus' text format 0.0.4, for a file that the textfile
//! collector of the node exporter reads, or for standard output. No label holds a ref, a repository or a job.

mod facts;
mod gather;
mod pulse;
mod text;
mod writer;

pub use facts::{HookFacts, MetricFacts, NotificationFacts, RelayFacts};
pub use gather::{MetricSources, gather};
pub use text::text;

pub(super) use pulse::Pulse;
pub(super) use writer::{MetricsWriter, go_on};
