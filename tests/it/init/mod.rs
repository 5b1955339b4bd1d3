//! `init`, on machines of its own: real web servers, real service managers, real users.

mod account; // an account of a shared host
mod host; // root, nginx and supervisor
mod keys; // a private repository by ssh
mod refusals; // what is not touched
mod servers; // the other web servers, and cron
mod terminal; // questions
