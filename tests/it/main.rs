//! The one integration-test binary: a folder for each area, a module for each question.

mod architecture; // what a file may do, and who may use whom
mod cli; // verbs that only look
mod config; // what is said of configuration files
mod confine; // steps in a box: hostile ones, and builds that work there
mod control; // the verbs of an operator, beside a runner and without one
mod crash; // deaths and failures at each system call, and what the next start makes of them
mod dependencies; // licences and versions of the crates that are built in
mod documents; // what readers copy out of the documents works
mod e2e; // real web servers and service managers, with the files of `deploy/`
mod failures; // usual failures made for real, and what each says of its cause and its remedy
mod fastcgi; // the FastCGI responder against peers, good and bad
mod fuzz_corpus; // the short corpora of tests/fuzz/, replayed
mod hostile; // hostile senders, servers and jobs
mod http; // the HTTP server against clients, good and bad
mod import; // `import`, of other programs' configurations
mod init; // `init`, on machines of its own
mod intake; // the receiver with deliveries of each provider
mod notify; // messages and commit statuses, against services that stand in for the real ones
mod old_kernels; // system calls that older kernels lack
mod page; // the page for people: as files, through web servers, in a browser
#[cfg(feature = "relay")]
mod relay; // several hosts, and the broker between them
mod releases; // releases, their switch and the way back
mod reported; // faults that were reported with a reproduction, and what real forges sent
mod runner; // the runner with real processes
mod sandbox; // what a receiver gives up, and what it can still do
mod spool; // the spool through its public interface
mod steps; // steps without a spool
mod support; // real web servers, each under a root of its own
mod upgrade; // spools of older and of newer versions
mod vectors; // deliveries of all providers: published answers, sample payloads, memory
