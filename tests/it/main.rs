//! The one integration-test binary: one line per module, saying what belongs there.

mod vectors; // deliveries of all providers: published answers, sample payloads, memory
