//! Pure. Pictures of one word, as SVG without a style sheet: a badge for a README, an icon for a browser's tab.

use super::alarm::{alarms, verdict};
use super::card::HookCard;
use super::face::Face;
use super::facts::PageFacts;
use super::index::now;
use maud::{Markup, PreEscaped, html};

/// Width of a character of the font below, on an average, in tenths of a pixel.
const CHARACTER_DPX: usize = 68;
const PADDING_PX: usize = 14;
/// The beginning of each picture.
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The badge of a hook: its name and the word for it.
pub fn badge(hook: &HookCard, facts: &PageFacts) -> String {
    let word = now(hook, facts);
    let (left, right) = (width_px(&hook.name), width_px(word));
    let colour = match word {
        "succeeded" => "#1a6b34",
        "failed" => "#a4161a",
        "running" => "#0b5394",
        "on hold" => "#7a4b00",
        _ => "#57606a",
    };
    let picture = html! {
        title { (hook.name) ": " (word) }
        rect width=(left + right) height="20" rx="3" fill="#30363d" {}
        path d={ "M" (left) " 0h" (right - 3) "a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-" (right - 3) "z" } fill=(colour) {}
        g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
            text x=(left / 2) y="14" { (hook.name) }
            text x=(left + right / 2) y="14" { (word) }
        }
    };
    svg(left + right, 20, &picture)
}

/// `true` for a text that `badge` has written for the hook of this name.
pub fn is_badge_of(text: &str, hook: &str) -> bool {
    let title = html! { title { (hook) ": " } }.into_string();
    let picture = text.strip_prefix(XML).and_then(|image| image.split_once('>'));
    picture.is_some_and(|(_, inner)| inner.starts_with(title.trim_end_matches("</title>")))
}

/// A disc with a tick or a cross, for what the index says first.
pub fn icon(facts: &PageFacts, face: &Face) -> String {
    let (colour, sign) = match verdict(&alarms(facts, face)).0 {
        "good" => ("#1a6b34", "M4.5 8.5l2.5 2.5l4.5 -6"),
        "warn" => ("#9a6700", "M8 4v5m0 2.2v.6"),
        _ => ("#a4161a", "M5 5l6 6m0 -6l-6 6"),
    };
    let picture = html! {
        circle cx="8" cy="8" r="8" fill=(colour) {}
        path d=(sign) fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" {}
    };
    svg(16, 16, &picture)
}

fn svg(width: usize, height: usize, picture: &Markup) -> String {
    let image = html! {
        (PreEscaped(XML))
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
            role="img" { (picture) }
        "\n"
    };
    image.into_string()
}

fn width_px(text: &str) -> usize {
    text.chars().count() * CHARACTER_DPX / 10 + PADDING_PX
}
