//! Verbs that only look.

mod explain; // `explain`, of deliveries and jobs
mod send; // every test delivery that `send` can make
