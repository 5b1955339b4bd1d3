//! Releases, their switch and the way back: the real runner, git and verbs.

mod cut_short; // killed at each call
mod making; // what a release is made of, and what is served
mod reader; // a reader beside thousands of switches
mod rollback; // the way back, by hand and by itself
mod served; // what nginx and PHP-FPM serve of it
mod shared;
mod told; // what `check` and `doctor` tell // what all releases share
