//! Edge. Starts real web servers from the files that operators get, each under a root of its own, and talks to them.

mod account;
mod apache;
mod daemon;
mod fastcgi;
mod gateway;
pub(crate) mod github;
pub(crate) mod http;
pub(crate) mod job;
mod lighttpd;
mod nginx;
pub(crate) mod repository;
pub(crate) mod site;
pub(crate) mod supervisor;

pub(crate) use account::Account;
pub(crate) use daemon::until;
pub(crate) use gateway::{Gateway, Server, through_every_gateway};
pub(crate) use site::Site;
