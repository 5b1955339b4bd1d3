//! Several hosts and the broker between them.

mod broker; // servers that die, forget, freeze or are full
mod chaos; // servers, origin and targets killed at random
mod clocks; // hosts whose clocks are wrong
mod cluster; // three servers that are one
mod cut; // hosts in network namespaces, whose links are cut
mod deaths; // origin and target killed at system calls
mod fleet; // one push becomes one job on each host
mod hostile; // forged, redirected, replayed, aged and oversized messages
mod page; // what people see of it in a browser
mod rights; // what the permissions of a host allow, and what not
mod screens; // what people see of it
mod shipped; // the server's configuration in `deploy/nats/`
