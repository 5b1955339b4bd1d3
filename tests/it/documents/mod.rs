//! Documents are tests: what readers copy out of them works.

mod blocks; // each block is right for the program that reads it
mod commands; // each command of ours is one that the program has
mod configurations; // every configuration loads
mod promises; // every test that is named is there
mod readme; // the README, followed word for word
