//! Pure. Behaviour of the page for people, in the sentences of hookspool.toml(5).

use super::behaviour::Chapter;

/// For hookspool.toml(5).
pub(super) const OF_THE_PAGE: &[Chapter] = &[(
    "the page",
    &[
        "With `[page]` the runner writes static files for a web server: `index.html` (what is broken and since when, \
         what runs and how long that usually takes, what waits, each hook's last results, the last fifty jobs), \
         `job/ID.html` for each job that is kept, `job/ID.log` with `logs = true`, `status.json` \
         (`hookspool-json`(7)), `badge/HOOK.svg`, `style.css`, `icon.svg`, and while something runs `still.html`, the \
         index that does not load itself anew. There is no script and no address of another host in them, so that \
         `Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'` fits.",
        "They are written when something happens, at most once a second, every two seconds while a job runs, at least \
         once a minute, at the end of the runner (also of `--once`), and by `hookspool page`. A job's own page is \
         written when the job moves, and goes with it. A page that cannot be written is a warning in the runner's log \
         (`page-not-written`) and stops no job; `hookspool doctor` says why. A runner that is killed leaves its last \
         page, whose time tells how old it is.",
        "Whoever may open the page reads the names of hooks, branches, repositories and people, the commands of steps, \
         and the reasons of failures; with `logs = true` also all that the steps printed, secrets among it if a step \
         prints one. Protect it by the web server's own means: `deploy/` has files for nginx, Apache, lighttpd and \
         Caddy with a password. Of payloads and secrets nothing is on it. Where `logs` is set to `false` again, the \
         next runner removes the logs from it.",
        "Files have mode 0644 and directories 0755, less the runner's umask. Where that is 027, as in the systemd \
         unit, give the directory the web server's group, which everything in it inherits: \
         `install -d -o hookspool -g www-data -m 2750 /srv/www/deploy`. The directory is made if the one that holds it \
         is there. It may be a link; nothing below it is followed. It may not lie in the spool, nor the spool in it, \
         and it is no home. Each spool needs a directory of its own. \
         One that holds a page of another program (an `index.html`, `style.css` or `status.json` without \
         hookspool's style sheet) is refused, and stays as it is.",
        "A copy of each log that is kept, up to 3 MiB, and some 4 KiB for each job, are what it takes on the disk. The \
         page of a job shows the first 64 KiB and the last 128 KiB of a log, and 2,000 characters of a line. For the \
         results of hooks the newest 2,000 jobs are looked at. Times are those of the runner's host.",
    ],
)];
