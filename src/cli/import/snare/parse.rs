//! Pure. The grammar of snare.conf(5).

/// A file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snare {
    pub(super) listen: Option<String>,
    pub(super) jobs: Option<u64>,
    pub(super) user: Option<String>,
    pub(super) matches: Vec<MatchBlock>,
}

/// A `match` of repositories, and what it says of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MatchBlock {
    pub(super) pattern: String,
    pub(super) cmd: Option<String>,
    pub(super) errorcmd: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) timeout: Option<u64>,
}

impl MatchBlock {
    /// Settings with those of `later` in place of what was said before.
    pub(super) fn take(&mut self, later: &Self) {
        let over = |old: &mut Option<String>, new: &Option<String>| *old = new.clone().or(old.take());
        over(&mut self.cmd, &later.cmd);
        over(&mut self.errorcmd, &later.errorcmd);
        over(&mut self.queue, &later.queue);
        over(&mut self.secret, &later.secret);
        self.timeout = later.timeout.or(self.timeout);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Number(u64),
    Mark(char),
}

/// The file; an error names the line.
pub(super) fn parse(text: &str) -> Result<Snare, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let mut snare = Snare::default();
    while parser.at < parser.tokens.len() {
        match parser.word()?.as_str() {
            "listen" => snare.listen = Some(parser.text()?),
            "maxjobs" => snare.jobs = Some(parser.number()?),
            "user" => snare.user = Some(parser.text()?),
            "github" => parser.github(&mut snare)?,
            other => return Err(parser.strange(other)),
        }
    }
    Ok(snare)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
}

impl Parser {
    fn github(&mut self, snare: &mut Snare) -> Result<(), String> {
        self.mark('{')?;
        while !self.is_mark('}') {
            match self.word()?.as_str() {
                "match" => snare.matches.push(self.match_block()?),
                other => return Err(self.strange(other)),
            }
        }
        self.mark('}')
    }

    fn match_block(&mut self) -> Result<MatchBlock, String> {
        let Token::Text(pattern) = self.next()? else { return Err(self.expected("a pattern in quotes")) };
        let mut block = MatchBlock { pattern, ..MatchBlock::default() };
        self.mark('{')?;
        while !self.is_mark('}') {
            match self.word()?.as_str() {
                "cmd" => block.cmd = Some(self.text()?),
                "errorcmd" => block.errorcmd = Some(self.text()?),
                "secret" => block.secret = Some(self.text()?),
                "timeout" => block.timeout = Some(self.number()?),
                "queue" => {
                    self.mark('=')?;
                    block.queue = Some(self.word()?);
                    self.mark(';')?;
                }
                other => return Err(self.strange(other)),
            }
        }
        self.mark('}')?;
        Ok(block)
    }

    /// `= "text";`
    fn text(&mut self) -> Result<String, String> {
        self.mark('=')?;
        let Token::Text(text) = self.next()? else { return Err(self.expected("a text in quotes")) };
        self.mark(';')?;
        Ok(text)
    }

    /// `= 7;`
    fn number(&mut self) -> Result<u64, String> {
        self.mark('=')?;
        let Token::Number(number) = self.next()? else { return Err(self.expected("a number")) };
        self.mark(';')?;
        Ok(number)
    }

    fn word(&mut self) -> Result<String, String> {
        if let Token::Word(word) = self.next()? { Ok(word) } else { Err(self.expected("a word")) }
    }

    fn mark(&mut self, mark: char) -> Result<(), String> {
        if self.next()? == Token::Mark(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    fn is_mark(&self, mark: char) -> bool {
        self.tokens.get(self.at).is_some_and(|(_, token)| *token == Token::Mark(mark))
    }

    fn next(&mut self) -> Result<Token, String> {
        let (_, token) = self.tokens.get(self.at).cloned().ok_or("the file ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn expected(&self, what: &str) -> String {
        format!("line {}: {what} was expected", self.line())
    }

    fn strange(&self, word: &str) -> String {
        format!("line {}: `{word}` is not understood", self.line())
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at.saturating_sub(1)).map_or(1, |(line, _)| *line)
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut rest = text.trim_start();
        while !rest.is_empty() && !rest.starts_with("//") {
            let (token, left) = token(rest).ok_or_else(|| format!("line {line}: `{rest}` is not understood"))?;
            tokens.push((line, token));
            rest = left.trim_start();
        }
    }
    Ok(tokens)
}

/// The first token of a line, and what follows it.
fn token(text: &str) -> Option<(Token, &str)> {
    let first = text.chars().next()?;
    if first == '"' {
        return quoted(&text[1..]);
    }
    if "={};".contains(first) {
        return Some((Token::Mark(first), &text[1..]));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    match word.parse() {
        Ok(number) => Some((Token::Number(number), rest)),
        Err(_) if word.is_empty() => None,
        Err(_) => Some((Token::Word(word.to_owned()), rest)),
    }
}

/// A text up to its quote; only `\\` and `\"` are escapes.
fn quoted(text: &str) -> Option<(Token, &str)> {
    let mut said = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Token::Text(said), &text[at + 1..])),
            '\\' => said.push(chars.next().map(|(_, c)| c).filter(|c| "\\\"".contains(*c))?),
            other => said.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_line() {
        for (text, why) in [
            ("listen = \"x\";\nemail = \"a\";", "line 2: `email` is not understood"),
            ("github {\n  match \"a/b\" {\n    cmd = 7;\n", "line 3: a text in quotes was expected"),
            ("github {", "the file ends too early"),
            ("listen = \"x", "line 1: `\"x` is not understood"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn escapes_and_comments_are_read() {
        let snare =
            parse("// c\nmaxjobs = 4; github { match \"a\\\\.b\" { cmd = \"say \\\"x\\\" // y\"; } } // z").unwrap();
        assert_eq!((snare.jobs, snare.matches[0].pattern.as_str()), (Some(4), "a\\.b"));
        assert_eq!(snare.matches[0].cmd.as_deref(), Some("say \"x\" // y"));
    }
}
