//! Edge. The blocks of a document: what its readers copy, so that tests can load it and run it.

use super::site::read_shipped;

/// A fenced block.
pub(crate) struct Block {
    /// The line of its fence.
    pub(crate) line: usize,
    /// The word behind the fence.
    pub(crate) language: String,
    /// What stands between the fences.
    pub(crate) text: String,
}

/// All blocks of `document`, in order. Those in lists are indented with them.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = None;
    for (number, line) in (1..).zip(read_shipped(document).lines()) {
        let margin = line.len() - line.trim_start().len();
        match (line.trim().strip_prefix("```"), inside) {
            (Some(language), None) => {
                inside = Some(margin);
                blocks.push(Block { line: number, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => inside = None,
            (None, Some(margin)) => {
                let text = line.get(margin..).unwrap_or_default();
                blocks.last_mut().expect("a block has begun").text.extend([text, "\n"]);
            }
            (None, None) => {}
        }
    }
    assert_eq!(inside, None, "{document}: the last block has no end");
    blocks
}

/// The one block of `document` in `language` that contains `word`.
pub(crate) fn block(document: &str, language: &str, word: &str) -> String {
    let wanted = |block: &Block| block.language == language && block.text.contains(word);
    let mut found: Vec<Block> = blocks(document).into_iter().filter(wanted).collect();
    assert_eq!(found.len(), 1, "{document} has one block of {language} with {word:?}");
    found.remove(0).text
}

/// A block of configuration as a whole file: hooks alone need the spool that every configuration names.
pub(crate) fn whole(toml: &str) -> String {
    let names_spool = toml.lines().any(|line| line.starts_with("spool"));
    if names_spool { toml.to_owned() } else { format!("spool = \"/var/spool/hookspool\"\n{toml}") }
}
