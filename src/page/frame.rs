//! Pure. The frame of each page: its head, and its part of the policy.

use maud::{DOCTYPE, Markup, html};

/// The rules by which a browser takes a page, where the server sends none.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/// A page's own part of the frame.
pub(super) struct Frame<'a> {
    /// The way to the directory of the index: empty, or `../`.
    pub(super) up: &'a str,
    /// Title of the window.
    pub(super) title: &'a str,
    /// Seconds until it loads itself anew; `None`: never.
    pub(super) refresh_s: Option<u32>,
}

impl Frame<'_> {
    /// The page with `content` in it.
    pub(super) fn around(&self, content: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="referrer" content="no-referrer";
                    meta name="robots" content="noindex, nofollow";
                    meta name="color-scheme" content="light dark";
                    @if let Some(seconds) = self.refresh_s {
                        meta http-equiv="refresh" content=(seconds);
                    }
                    title { (self.title) }
                    link rel="icon" type="image/svg+xml" href={ (self.up) "icon.svg" };
                    link rel="stylesheet" href={ (self.up) "style.css" };
                }
                body { (content) }
            }
        };
        page.into_string()
    }
}
