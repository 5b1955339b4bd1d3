//! Verbs that only look.

mod credentials; // what no verb shows of a URL
mod explain; // `explain`, of deliveries and jobs
mod send; // every test delivery that `send` can make
