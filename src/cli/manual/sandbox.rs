//! Pure. hookspool.toml(5): what a receiver gives up, and what follows for whoever looks after it.

use super::behaviour::Chapter;

/// For hookspool.toml(5).
pub(super) const OF_THE_SANDBOX: &[Chapter] = &[(
    "sandbox",
    &[
        "A receiver (CGI, FastCGI, `serve`) reads its configuration, opens its sockets, and then gives up what it \
         never needs, before it looks at any request: by Landlock, and with `no_new_privs`; one that stays also by \
         a list of system calls (seccomp). What remains: to read files in the configuration's directory and in \
         those of the hooks' secrets; to make, write and move files in the spool's `tmp/`, `queued/` and `seen/`, \
         without reading what is queued, and to write to `sequence` and `reserve`; its open sockets; standard \
         error. No other file, no program, no connection, no signal to a process. It may remove files in the \
         directory of a socket that it made, as it does at its end. Keep secrets in a directory that holds nothing \
         else.",
        "`\"auto\"` does as much as the kernel can. A receiver that stays says in its log what that is (`sandbox=` \
         of `event=listening`), and once what is missing (`event=no-sandbox`); `hookspool doctor` says so, too. \
         With `\"require\"` a receiver without Landlock, or one that stays without its list of calls, refuses to \
         start (exit 69), and CGI answers 500. Landlock is used from Linux 5.19 on (its first version, of 5.13, \
         cannot move files); it refuses TCP from 6.7 on, signals from 6.12 on, connections to Unix sockets from 7.1 \
         on. The list of calls, which refuses all of them, exists for x86-64, ARM64 and 64-bit RISC-V; by CGI there \
         is none, since making it would cost each request more than Landlock does.",
        "A secret or the configuration may be replaced by a rename, in its directory or behind links as Kubernetes \
         and ACME clients have them. SIGHUP reads the configuration again; one that needs a directory outside of \
         the sandbox is refused, and goes into effect when the receiver is started again. A receiver whose spool or \
         directory of secrets was itself replaced, as by putting back a backup, answers 503 and ends with 75, so \
         that its supervisor starts it again.",
        "A receiver that starts before there is a spool has no Landlock under `\"auto\"`, and with `\"require\"` \
         ends with 75. `serve --runner` has no sandbox, since its steps may need anything: `\"require\"` refuses \
         it; start `serve` and `spool-runner` apart. A service manager's own list of calls (systemd's \
         `SystemCallFilter=`) has to allow `landlock_create_ruleset`, `landlock_add_rule`, `landlock_restrict_self` \
         and `seccomp`, or to answer them with an error.",
    ],
)];
