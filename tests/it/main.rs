//! The one integration-test binary: one line per module, saying what belongs there.

mod architecture; // what a file may do, and who may use whom
mod config_file; // what is said of a configuration file as a whole
mod config_golden; // a small right configuration, and whole reports on changes to it
mod config_hook; // what is said of a hook's own settings
mod config_load; // a right configuration is loaded as it was meant
mod config_random; // no text makes the configuration panic
mod config_rules; // what is said of rules, durations and retries
mod config_secret; // what is said of secrets, and what never is
mod config_steps; // what is said of steps
mod control_bench; // a yard for the verbs that change something
mod control_care; // what is removed, when, and what never is
mod control_deaths; // verbs and runners that die between request and answer; hostile requests
mod control_operator; // the operator's page shows what the program prints
mod control_orders; // what people order about, beside a runner and without one
mod control_pages; // manual pages and completions
mod control_screens; // what people see: lists, one screen, what is waited for, the doctor
mod crash_alone; // one runner and one copy of a job, whatever survives, stops or steps back
mod crash_decision; // jobs, an order, and where that must leave them
mod crash_faults; // the runner with a file call failing
mod crash_home; // a spool, deliveries by CGI and a runner whose steps leave marks
mod crash_hostile; // jobs that misbehave, and a runner that is killed meanwhile
mod crash_loop; // the runner's loop, killed and failed where it decides
mod crash_order; // the sequences of writes, flushes and moves
mod crash_random; // a runner killed again and again, at random moments
mod crash_receiver; // the CGI program killed and failed at each system call
mod crash_runner; // the runner killed at each system call, and the next one accounts for the job
mod crash_strace; // system calls as values, and a fault at any one of them
mod documents; // every configuration in the documents loads
mod e2e_gateways; // a signed delivery through every web server, to a deployed file
mod e2e_operator_files; // deploy/: each file loaded by the program that it is for
mod e2e_restart; // a job that restarts its own runner, under supervisor
mod e2e_transcripts; // what a sender is told, the same through every web server
mod explain; // `explain`, of deliveries and jobs
mod fastcgi_client; // the FastCGI responder against a client of others
mod fastcgi_lifetime; // how a FastCGI responder begins and ends
mod fastcgi_peer; // a FastCGI peer by hand, and responders to talk to
mod fastcgi_protocol; // what is said in FastCGI, and what is answered
mod fastcgi_resources; // attacks on its memory, descriptors, threads and time
mod fuzz_corpus; // the short corpora of tests/fuzz/, replayed
mod hostile_bench; // a site with the real executable as CGI program and runner
mod hostile_output; // outputs that cannot be written, texts that should not be printed as they are
mod hostile_peer; // `send` against odd servers, addresses that are none
mod hostile_runner; // a runner started by the wrong person, or given hostile jobs
mod intake_bench; // hooks of all providers, and deliveries to the CGI program
mod intake_log; // the receiver's log lines, and what never gets into them
mod intake_providers; // several refs, GET, secrets in other places, secrets that expire
mod receive_process; // a receiver as a process: signals, descriptors, standard error
mod runner_backlog; // many jobs that wait
mod runner_life; // repeats, retries, interruptions, what runs after a job, a new configuration
mod runner_queues; // queues side by side, with real processes
mod runner_reconcile; // what no delivery told of
mod runner_yard; // a spool, hooks of a test's own and the real runner
mod send_shapes; // every test delivery that `send` can make
mod spool_append; // appends through the public interface, on the real disk
mod spool_calls; // the very system calls of each protocol, and each of them failing
mod spool_driver; // a process that does what a test's script says
mod spool_faults; // full, read-only and closed disks; two users and one spool
mod spool_hostile; // entries of queued/ that are no jobs
mod spool_keeper; // claims, histories and settlements, and what people see of them
mod steps_bench; // a job without a spool: plan, facts, log, and what became of them
mod steps_child; // what a step's process is given, and what it is not
mod steps_git; // `git = "update"` against real repositories
mod steps_list; // order, failure, `always`, `on_failure`, time-outs, stop and cancel
mod steps_output; // what steps print, however much and however late
mod steps_tree; // every process of a job, wherever it went, and how it ends
mod support; // real web servers, each under a root of its own
mod vectors; // deliveries of all providers: published answers, sample payloads, memory
