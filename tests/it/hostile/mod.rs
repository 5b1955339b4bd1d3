//! Hostile senders, servers and jobs.

mod output; // outputs that cannot be written, texts that should not be printed as they are
mod peer; // `send` against odd servers, addresses that are none
mod runner; // a runner started by the wrong person, or given hostile jobs
