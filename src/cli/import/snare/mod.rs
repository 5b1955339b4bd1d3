//! Pure. snare.conf of snare.

mod parse;

use super::translation::{NewHook, Note, Translated, Translation, hook_name, quoted};
use parse::{MatchBlock, Snare};
use regex::Regex;

/// Longest run of a command, where nothing else is said.
const TIMEOUT_SECONDS: u64 = 3600;

/// The translation of a file; `Err`: it is not snare's.
pub(super) fn translate(text: &str) -> Result<Translation, String> {
    let snare = parse::parse(text)?;
    let mut translation = Translation { head: head(&snare), ..Translation::default() };
    let mut note = |text: String| translation.notes.push(Note::plain(text));
    note("Only pushes become jobs; snare ran its command for every event but pings.".to_owned());
    if let Some(listen) = &snare.listen {
        note(format!("dropped `listen = {listen}`: the web server receives, or `hookspool serve --listen`"));
    }
    if let Some(user) = &snare.user {
        note(format!("dropped `user = {user}`: the runner's user runs the commands"));
    }
    if snare.matches.is_empty() {
        return Err("it has no `match`".to_owned());
    }
    for index in 0..snare.matches.len() {
        translation.hooks.extend(one(&snare.matches, index)?);
    }
    name_apart(&mut translation.hooks);
    Ok(translation)
}

/// `me/site` and `you/site` are `site` and `site-2`, each with a directory of its own.
fn name_apart(hooks: &mut [Translated]) {
    let mut seen: Vec<String> = Vec::new();
    for hook in hooks {
        let Translated::Hook(new) = hook else { continue };
        let name = new.name.clone();
        let mut numbered = (2..).map(|number| format!("{name}-{number}"));
        while seen.contains(&new.name) {
            new.name = numbered.next().unwrap_or_default();
        }
        seen.push(new.name.clone());
        let dir = format!("/srv/{}", new.name);
        new.note(format!("make {dir} for the runner's user; its command runs in a fresh directory, as snare's did"));
        new.set("dir", quoted(&dir));
    }
}

fn head(snare: &Snare) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(jobs) = snare.jobs.filter(|&jobs| jobs > 1) {
        lines.extend(["[runner]".to_owned(), format!("workers = {}", jobs.min(64)), String::new()]);
    }
    lines.extend(["[defaults]", "retry = { attempts = 1 }"].map(str::to_owned));
    lines
}

/// The hook of one `match`, with what the ones before and behind it say of the same repositories.
fn one(matches: &[MatchBlock], index: usize) -> Result<Option<Translated>, String> {
    let own = &matches[index];
    let repository = literal(&own.pattern);
    let pattern =
        |text: &str| Regex::new(&format!("^(?:{text})$")).map_err(|_| format!("pattern `{text}` is not understood"));
    let mut settings = MatchBlock { pattern: own.pattern.clone(), ..MatchBlock::default() };
    for (at, other) in matches.iter().enumerate() {
        let applies = match &repository {
            Some(name) => pattern(&other.pattern)?.is_match(name),
            None => at == index || (at < index && other.pattern == ".*"),
        };
        if applies {
            settings.take(other);
        }
    }
    if own.cmd.is_none() && repository.is_none() {
        return Ok(None);
    }
    Ok(Some(hook(&settings, repository.as_deref())))
}

fn hook(settings: &MatchBlock, repository: Option<&str>) -> Translated {
    let name = repository.and_then(|name| name.rsplit('/').next()).map_or_else(|| "any".to_owned(), hook_name);
    let shown = repository.unwrap_or(&settings.pattern);
    let refused = |why: &str| Translated::Refused { name: shown.to_owned(), why: why.to_owned() };
    let Some(command) = &settings.cmd else { return refused("it has no `cmd`") };
    let mut new = NewHook { name, provider: "github".to_owned(), ..NewHook::default() };
    new.secrets.extend(settings.secret.clone());
    if new.secrets.is_empty() {
        new.note("it was open to the world: enter the text of its new secret file at GitHub");
    }
    match repository {
        Some(name) => new.set("repository", quoted(name)),
        None if settings.pattern != ".*" => {
            let regex = quoted(&format!("^(?:{})$", settings.pattern));
            new.set("match", format!("[{{ field = \"/repository/full_name\", regex = {regex} }}]"));
        }
        None => {}
    }
    new.set("branches", "[\"**\"]".to_owned());
    new.note(format!("`{shown}`: enter the hook's own URL at GitHub; all of snare's had one"));
    queue(settings, &mut new);
    new.set("timeout", quoted(&format!("{}s", settings.timeout.unwrap_or(TIMEOUT_SECONDS))));
    match (step(command, false), settings.errorcmd.as_ref().map(|command| step(command, true)).transpose()) {
        (Ok(command), Ok(on_failure)) => {
            new.steps.push(command);
            new.on_failure.extend(on_failure);
            Translated::Hook(new)
        }
        (Err(why), _) | (_, Err(why)) => refused(&why),
    }
}

/// Jobs of one queue never run side by side here.
fn queue(settings: &MatchBlock, new: &mut NewHook) {
    match settings.queue.as_deref() {
        Some("evict") => new.set("when_newer", quoted("supersede")),
        Some("parallel") => {
            new.set("when_newer", quoted("keep"));
            new.note("`queue = parallel`: its jobs run one after the other, those of other hooks beside them");
        }
        _ => new.set("when_newer", quoted("keep")),
    }
}

/// The repository that a pattern means, if it means one.
fn literal(pattern: &str) -> Option<String> {
    let plain = pattern.replace("\\.", ".").replace("\\-", "-");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    (pattern != ".*" && plain.contains('/') && plain.chars().all(is_plain)).then_some(plain)
}

/// A command as a step, in a fresh directory as snare has it. `%e %o %r %j`, and of a failure `%s %x %?`, become
/// variables.
fn step(command: &str, is_failure: bool) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = command.chars();
    let (mut in_single, mut in_double) = (false, false);
    while let Some(c) = chars.next() {
        in_single ^= c == '\'' && !in_double;
        in_double ^= c == '"' && !in_single;
        if c != '%' {
            text.push(c);
            continue;
        }
        let word = chars.next().unwrap_or(' ');
        let value = variable(word, is_failure).ok_or_else(|| format!("`%{word}` in its command is not understood"))?;
        if in_single && word != '%' {
            return Err(format!("`%{word}` in single quotes, where no variable is read: use double ones"));
        }
        text.push_str(value);
    }
    Ok(format!("{{ shell = {} }}", quoted(&format!("cd \"$(mktemp -d)\" && {text}"))))
}

/// The counterpart of an escape of snare's.
fn variable(word: char, is_failure: bool) -> Option<&'static str> {
    match word {
        'e' => Some("${HOOKSPOOL_EVENT}"),
        'o' => Some("${HOOKSPOOL_REPOSITORY%%/*}"),
        'r' => Some("${HOOKSPOOL_REPOSITORY#*/}"),
        'j' => Some("${HOOKSPOOL_PAYLOAD}"),
        's' if is_failure => Some("${HOOKSPOOL_LOG}"),
        'x' if is_failure => Some("${HOOKSPOOL_OUTCOME}"),
        '?' if is_failure => Some("${HOOKSPOOL_REASON}"),
        '%' => Some("%"),
        _ => None,
    }
}
