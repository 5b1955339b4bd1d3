//! The one integration-test binary: one line per module, saying what belongs there.

mod fastcgi_client; // the FastCGI responder against a client of others
mod fastcgi_lifetime; // how a FastCGI responder begins and ends
mod fastcgi_peer; // a FastCGI peer by hand, and responders to talk to
mod fastcgi_protocol; // what is said in FastCGI, and what is answered
mod fastcgi_resources; // attacks on its memory, descriptors, threads and time
