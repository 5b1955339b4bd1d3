//! The FastCGI responder against peers, good and bad.

mod client; // the FastCGI responder against a client of others
mod lifetime; // how a FastCGI responder begins and ends
mod protocol; // what is said in FastCGI, and what is answered
mod resources; // attacks on its memory, descriptors, threads and time
