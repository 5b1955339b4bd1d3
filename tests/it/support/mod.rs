//! Edge. Starts real web servers from the files that operators get, each under a root of its own, and talks to them.

mod account;
mod apache;
pub(crate) mod browser;
pub(crate) mod busy_day;
mod caddy;
mod daemon;
pub(crate) mod document;
mod fastcgi;
pub(crate) mod fleet; // several hosts, and a NATS server between them
pub(crate) mod forges;
mod gateway;
pub(crate) mod git_http;
pub(crate) mod github;
pub(crate) mod http;
pub(crate) mod job;
mod lighttpd;
pub(crate) mod nats;
pub(crate) mod netns;
pub(crate) mod nginx;
pub(crate) mod page_server;
pub(crate) mod repository;
pub(crate) mod site;
pub(crate) mod supervisor;
pub(crate) mod uwsgi;

pub(crate) mod app; // a hook with releases, and the repository that they come from
pub(crate) mod campaign; // what a campaign tells a test, and is told by it
pub(crate) mod control; // a yard for the verbs that change something
pub(crate) mod crash_home; // a spool, deliveries by CGI and a runner whose steps leave marks
pub(crate) mod decision; // jobs, an order, and where that must leave them
pub(crate) mod fastcgi_peer; // a FastCGI peer by hand, and responders to talk to
pub(crate) mod intake; // hooks of all providers, and deliveries to the CGI program
pub(crate) mod machine; // a machine of a test's own, for `init`
pub(crate) mod one_hook; // a world with one hook, and signed deliveries to it
pub(crate) mod standin; // a service that messages go to, and that answers as a test wants
pub(crate) mod steps; // a job without a spool: plan, facts, log, and what became of them
pub(crate) mod terminal; // a terminal, and a program on its far side
pub(crate) mod world; // the directory, configuration and executable that the worlds above are built on
pub(crate) mod yard; // a spool, hooks of a test's own and the real runner

pub(crate) use account::Account;
pub(crate) use daemon::{Daemon, until, until_within};
pub(crate) use gateway::{Gateway, Server, answers, free_port, loopback, through_every_gateway};
pub(crate) use site::Site;
