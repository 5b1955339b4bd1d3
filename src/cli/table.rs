//! Pure. Tables for people: columns by the width that a terminal gives a text, cut to its width, with colour.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns between two cells.
const GAP: usize = 2;
/// A column is not made narrower than this.
const NARROW: usize = 8;

/// Properties of the place where a table is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Screen {
    /// Columns of the terminal; `None`: nothing is cut.
    pub(super) columns: Option<usize>,
    /// Words that matter are coloured (ECMA-48 §8.3.117).
    pub(super) colour: bool,
}

/// The lines of a table under `headings`.
pub(super) fn lines(headings: &[&str], rows: &[Vec<String>], screen: Screen) -> Vec<String> {
    let headings: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let widest = |i: usize| rows.iter().chain([&headings]).map(|row| row[i].width()).max().unwrap_or(0);
    let widths = fitted((0..headings.len()).map(widest).collect(), screen.columns);
    let line = |(number, row): (usize, &Vec<String>)| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| {
            let cut = cut(cell, width);
            let padding = " ".repeat(width - cut.width());
            let style = if number == 0 { Some("1") } else { style(cell) };
            format!("{}{padding}", painted(&cut, style.filter(|_| screen.colour)))
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    std::iter::once(&headings).chain(rows).enumerate().map(line).collect()
}

/// `widths`, the widest columns made narrower until a row fits; the headings stay legible.
fn fitted(mut widths: Vec<usize>, columns: Option<usize>) -> Vec<usize> {
    let Some(columns) = columns else { return widths };
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
    while total(&widths) > columns {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROW) else { break };
        *widest -= 1;
    }
    widths
}

/// `text` in at most `width` columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        cut.push(c);
    }
    cut + "…"
}

/// The colour of a word that matters; none for any other.
pub(super) fn style(word: &str) -> Option<&'static str> {
    match word {
        "failed" | "timed-out" | "interrupted" | "corrupt" | "PROBLEM" | "none" => Some("31"),
        "held" | "waiting" | "warning" => Some("33"),
        "succeeded" | "ok" | "alive" => Some("32"),
        _ => None,
    }
}

/// `text` in a style.
pub(super) fn painted(text: &str, style: Option<&str>) -> String {
    style.map_or_else(|| text.to_owned(), |style| format!("\x1b[{style}m{text}\x1b[0m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 3]], screen: Screen) -> Vec<String> {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        lines(&["JOB", "STATE", "REASON"], &rows, screen)
    }

    #[test]
    fn a_column_is_as_wide_as_it_looks() {
        let rows = [["文档", "done", "-"], ["e\u{301}a", "failed", "x"]];
        let expected = ["JOB   STATE   REASON", "文档  done    -", "e\u{301}a    failed  x"];
        assert_eq!(table(&rows, Screen::default()), expected);
    }

    #[test]
    fn a_row_is_cut_to_the_terminal_the_widest_column_first() {
        let rows = [["78ecf395", "failed", "step 1 (git update): 文档文档文档文档文档文档"]];
        for columns in [80, 40, 31, 20] {
            let lines = table(&rows, Screen { columns: Some(columns), colour: false });
            assert!(lines.iter().all(|line| line.width() <= columns.max(26)), "{columns}: {lines:?}");
            assert_eq!(lines[1].ends_with('…'), columns < 70, "{lines:?}");
        }
    }

    #[test]
    fn what_matters_has_a_colour_where_there_is_one() {
        let screen = Screen { columns: None, colour: true };
        let lines = table(&[["a", "failed", "succeeded at last"]], screen);
        assert_eq!(lines[0], "\u{1b}[1mJOB\u{1b}[0m  \u{1b}[1mSTATE\u{1b}[0m   \u{1b}[1mREASON\u{1b}[0m");
        assert_eq!(lines[1], "a    \u{1b}[31mfailed\u{1b}[0m  succeeded at last");
    }
}
