//! Edge. The operating system with types: what std does not offer. Knows nothing of hookspool.

pub mod random;
