//! Edge. The branches of a remote as they are now, and as they are here.

use super::command::Git;
use super::guard;
use super::options_of;
use crate::config::Plan;
use crate::model::RefName;
use crate::runner::log::JobLog;
use crate::runner::releases::ReleasesDir;
use crate::runner::steps::attempt::{Attempt, Bounds, Trouble};
use crate::runner::steps::control::Control;
use crate::runner::steps::facts::JobFacts;
use crate::system::wait::after;
use std::time::Duration;

/// A branch of the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteHead {
    /// Its name.
    pub branch: RefName,
    /// Its commit, hex.
    pub commit: String,
    /// The commit that the branch of that name has in the work tree, hex.
    pub here: Option<String>,
}

/// `true` for a branch that is wanted, by its short name; `None`: only the remote's default branch is.
pub type Wanted<'a> = &'a dyn Fn(&str) -> Option<bool>;

/// The wanted branches of the remote that the plan's `git` step fetches from; or why it does not say.
pub fn remote_heads(
    plan: &Plan,
    facts: &JobFacts,
    log: &mut JobLog,
    control: &Control<'_>,
    timeout: Duration,
    wanted: Wanted<'_>,
) -> Result<Vec<RemoteHead>, String> {
    let mut attempt = Attempt::begin(plan, facts, log, control).map_err(|error| error.to_string())?;
    let heads = heads(&mut attempt, plan, timeout, wanted);
    attempt.end();
    heads.map_err(|trouble| trouble.result.to_string())
}

fn heads(
    attempt: &mut Attempt<'_>,
    plan: &Plan,
    timeout: Duration,
    wanted: Wanted<'_>,
) -> Result<Vec<RemoteHead>, Trouble> {
    let remote = options_of(plan).and_then(|options| options.remote.clone()).unwrap_or_else(|| "origin".to_owned());
    super::check_remote_name(&remote)?;
    let bounds = Bounds { until: after(timeout), silence: None };
    let bare = ReleasesDir::of(plan).map(|place| place.repository());
    super::super::lookup::directory(bare.as_deref().unwrap_or(&attempt.dir)).map_err(Trouble::refused)?;
    attempt.set_identity()?;
    attempt.set_variables(&plan.env)?;
    let git = &mut match bare {
        Some(bare) => Git::of_bare(attempt, &bare, bounds)?,
        None => Git::new(attempt, bounds)?,
    };
    super::note_address(git, &remote)?;
    let answer = if git.is_guarded {
        // A step may be at work in the repository meanwhile: nothing of its configuration counts but the address.
        let address = git.ask(&["config", "--get", &format!("remote.{remote}.url")])?.unwrap_or_default();
        if let Some(why) = guard::check_address(&address, guard::from_of(plan)) {
            return Err(Trouble::refused(why));
        }
        git.outside(|git| answer(git, &address))?
    } else {
        answer(git, &remote)?
    };
    let mut heads = parse(&answer, wanted);
    for head in &mut heads {
        head.here = git.ask(&["rev-parse", "--verify", "--quiet", head.branch.as_str()])?;
    }
    Ok(heads)
}

/// The answer of `remote`.
fn answer(git: &mut Git<'_, '_>, remote: &str) -> Result<String, Trouble> {
    let args = ["ls-remote", "--symref", "--", remote, "HEAD", "refs/heads/*"];
    if let Some(answer) = git.ask_remote(&args)? {
        return Ok(answer);
    }
    git.run_remote(&["ls-remote", "--quiet", "--", remote, "HEAD"])?; // says why
    Err(Trouble::refused("the remote did not answer"))
}

/// Lines of git-ls-remote(1): `ref: refs/heads/main\tHEAD`, and for each branch `<commit>\trefs/heads/<name>`.
fn parse(answer: &str, wanted: Wanted<'_>) -> Vec<RemoteHead> {
    let default = answer.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
    let head = |line: &str| {
        let (commit, name) = line.split_once('\t')?;
        let branch = RefName::parse(name)?;
        let is_wanted = wanted(branch.branch()?).unwrap_or(Some(name) == default);
        let is_hex = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_hexdigit());
        (is_wanted && is_hex).then(|| RemoteHead { branch, commit: commit.to_owned(), here: None })
    };
    answer.lines().filter_map(head).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "ref: refs/heads/main\tHEAD\naa\tHEAD\nbb\trefs/heads/dev\naa\trefs/heads/main\nzz\tx\n";

    fn names(wanted: Wanted<'_>) -> Vec<String> {
        parse(ANSWER, wanted).into_iter().map(|head| format!("{} {}", head.branch.as_str(), head.commit)).collect()
    }

    #[test]
    fn without_a_wish_it_is_the_default_branch() {
        assert_eq!(names(&|_| None), ["refs/heads/main aa"]);
        assert_eq!(names(&|branch| Some(branch == "dev")), ["refs/heads/dev bb"]);
        assert_eq!(names(&|_| Some(false)), [""; 0]);
    }
}
