//! Releases, their switch and the way back: the real runner, git and verbs.

mod making; // what a release is made of, and what is served
mod rollback; // the way back, by hand and by itself
mod shared; // what all releases share
