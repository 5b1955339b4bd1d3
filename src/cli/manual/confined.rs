//! Pure. Confined steps, in the sentences of hookspool.toml(5).

use super::behaviour::Chapter;

/// For hookspool.toml(5).
pub(super) const OF_CONFINED_STEPS: &[Chapter] = &[(
    "confined steps",
    &[
        "With `confine = true` the `run` and `shell` steps of a hook run in a box, which the kernel closes \
         (Landlock and seccomp, no privileges needed). A step of its own may say `confine = false`, or have \
         another box: that replaces the hook's as a whole. What `git`, `remove`, `publish` and `switch` do is \
         the runner's own, and is not confined.",
        "A confined step reads, and starts programs from, `/usr`, `/bin`, `/sbin`, `/lib*`, `/opt`, `/etc`, \
         `/proc`, `/sys` and `read`. It writes below `dir` (with `releases` below its own release and what that \
         shares), its `HOME`, its `TMPDIR` and `write`. It uses `/dev/null`, `zero`, `full`, `random` and \
         `urandom`. Everything else answers \"permission denied\": secrets, configuration and spool, `/tmp`, \
         `/dev/shm`, `/run`, `/var`, the account's home with `~/.ssh`, and other hooks' sites.",
        "Where the configuration, a secret, the spool or another hook's site lies below one of the trees that \
         are read, such as `/etc/hookspool`, the tree is opened around it: its other entries are open, the tree \
         itself cannot be listed (`ls /etc`), and an entry that is made while the step runs is closed to it. A \
         `dir` or `write` that holds one of these is refused.",
        "`HOME` is `home/HOOK` of the spool and stays, so that caches stay warm; remove it to begin with cold \
         ones. `TMPDIR` is `scratch/JOB` of the spool, shared by the job's steps and removed at the attempt's \
         end. Programs from elsewhere are not in its `PATH`. `XDG_RUNTIME_DIR` and `GIT_SSH_COMMAND` are not \
         set. What `env` sets by name is as it says. The job's payload and log can be read; not a payload of \
         `gitee` or `coding`, which may hold the secret.",
        "It sends no signal to a process outside, reads neither their environment nor their memory, changes \
         neither their limits nor their priority, gains nothing by setuid programs, and root has no powers left \
         but those over files. What it leaves running is ended when it ends; with several workers one that \
         leaves the session and its parents may be missed. SECURITY.md names what the box does not hold.",
        "Sockets: TCP and UDP, unless `network = false` (then neither, not even to this host, and no DNS). \
         Sockets that are files, and those with abstract names, are refused, since D-Bus, docker or an agent of \
         ssh would act for the step outside of its box; `local_sockets = true` allows the former. Pairs of \
         connected sockets, pipes and FIFOs work.",
        "Often needed: `read = [\"~/.nvm\"]` or `[\"~/.pyenv\"]` for tools in the account's home; `write = \
         [\"~/.cargo\"]` for cargo, or `env = { CARGO_HOME = … }` below `dir`; `write = [\"/dev/shm\"]` for \
         programs with shared memory, such as browsers and Python's `multiprocessing`; `confine = false` on the \
         step that restarts a service. A reason that names `confine` tells that something was denied.",
        "The repository in `dir` is within reach of the steps, so that `git = \"update\"` (also of another hook \
         with this `dir`) refuses one in which a step left what would lead git out: a setting that names a \
         program or a file, a link, a remote that is not `from` (without `from`, one on this host), \
         files where no `.git` is, objects of another repository. \
         Submodules are refused there, too. With `releases` the repository is out of reach, and all of it works. \
         A step with `confine = false` that starts a program from `dir` starts what a confined step may have \
         written.",
        "A kernel without Landlock (before 5.19, or switched off, or forbidden by a container) holds the job \
         before anything of it runs, for `hookspool release` once there is one; `fallback = \"run\"` runs the \
         step without a box, and says so. Before 6.2 files elsewhere can be cut short by their name, before 6.12 \
         processes of this user can be sent signals; `show` and `doctor` name what a kernel does not hold. The \
         processors are x86-64, aarch64 and riscv64; programs for another one, such as 32 bits on 64, are \
         killed.",
        "Not held by any kernel: modes, owners and times of the account's files can be changed by their names \
         (chmod, chown, touch), though not their contents; names, sizes and the list of processes can be seen; \
         processor, memory and disk can be used up. Give the runner a user of its own.",
    ],
)];
