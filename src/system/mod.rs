<<<<<<< HEAD
//! Edge. The operating system with types: what std does not offer. Knows nothing of hookspool.
=======
//! Edge. What the operating system offers, one small piece a file; knows no other layer.
>>>>>>> spool

pub mod random;
