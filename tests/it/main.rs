//! The one integration-test binary: one line per module, saying what belongs there.

mod e2e_gateways; // a signed delivery through every web server, to a deployed file
mod e2e_operator_files; // deploy/: each file loaded by the program that it is for
mod e2e_transcripts; // what a sender is told, the same through every web server
mod support; // real web servers, each under a root of its own
