//! Real web servers and service managers, with the files of `deploy/`.

mod gateways; // a signed delivery through every web server, to a deployed file
mod operator_files; // deploy/: each file loaded by the program that it is for
mod restart; // a job that restarts its own runner, under supervisor
mod systems; // the three systems that people come from
mod transcripts; // what a sender is told, the same through every web server
