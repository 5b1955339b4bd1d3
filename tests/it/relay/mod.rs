//! Several hosts and the broker between them.

mod broker; // servers that die, forget, freeze or are full
mod chaos; // servers, origin and targets killed at random
mod deaths; // origin and target killed at system calls
mod fleet; // one push becomes one job on each host
mod hostile; // forged, redirected, replayed, aged and oversized messages
mod rights; // what the permissions of a host allow, and what not
mod screens; // what people see of it
mod shipped; // the server's configuration in `deploy/nats/`
