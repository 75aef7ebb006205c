//! Markdown as a part of the page: headings, text, lists and tables. Links become their words, tags stay text, so that nothing points
//! outside or runs.

use maud::{Escaper, Markup, PreEscaped};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::fmt::Write;

/// Converts a whole document; its headings go below those of the page's sections.
pub(super) fn to_html(text: &str) -> Markup {
    let mut html = String::new();
    let mut in_head = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => escape(&mut html, &text),
            Event::Code(text) => {
                html.push_str("<code>");
                escape(&mut html, &text);
                html.push_str("</code>");
            }
            Event::SoftBreak => html.push('\n'),
            Event::HardBreak => html.push_str("<br>"),
            Event::Rule => html.push_str("<hr>"),
            Event::Start(tag) => {
                in_head |= matches!(tag, Tag::TableHead);
                html.push_str(opening(&tag, in_head));
            }
            Event::End(tag) => {
                html.push_str(closing(tag, in_head));
                in_head &= !matches!(tag, TagEnd::TableHead);
            }
            _ => {}
        }
    }
    PreEscaped(html)
}

fn opening(tag: &Tag<'_>, in_head: bool) -> &'static str {
    match tag {
        Tag::Paragraph => "<p>",
        Tag::Heading { .. } => "<h3>",
        Tag::BlockQuote(_) => "<blockquote>",
        Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => "<pre><code>",
        Tag::List(Some(_)) => "<ol>",
        Tag::List(None) => "<ul>",
        Tag::Item => "<li>",
        Tag::Table(_) => "<div class=\"scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>",
        Tag::TableHead => "<thead><tr>",
        Tag::TableRow => "<tr>",
        Tag::TableCell if in_head => "<th scope=\"col\">",
        Tag::TableCell => "<td>",
        Tag::Emphasis => "<em>",
        Tag::Strong => "<strong>",
        _ => "",
    }
}

fn closing(tag: TagEnd, in_head: bool) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>\n",
        TagEnd::Heading(_) => "</h3>\n",
        TagEnd::BlockQuote(_) => "</blockquote>\n",
        TagEnd::CodeBlock => "</code></pre>\n",
        TagEnd::List(true) => "</ol>\n",
        TagEnd::List(false) => "</ul>\n",
        TagEnd::Item => "</li>\n",
        TagEnd::Table => "</tbody></table></div>\n",
        TagEnd::TableHead => "</tr></thead><tbody>\n",
        TagEnd::TableRow => "</tr>\n",
        TagEnd::TableCell if in_head => "</th>",
        TagEnd::TableCell => "</td>",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        _ => "",
    }
}

fn escape(html: &mut String, text: &str) {
    Escaper::new(html).write_str(text).expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_becomes_a_table() {
        let html =
            to_html("# Parts\n\nWhat *each* is worth.\n\n| part | accuracy |\n| --- | --- |\n| `mixup` | 61 % |\n").0;
        for piece in [
            "<h3>Parts</h3>",
            "<p>What <em>each</em> is worth.</p>",
            "<thead><tr><th scope=\"col\">part</th><th scope=\"col\">accuracy</th></tr></thead><tbody>",
            "<td><code>mixup</code></td><td>61 %</td></tr>\n</tbody></table></div>",
        ] {
            assert!(html.contains(piece), "{piece} in {html}");
        }
    }

    #[test]
    fn nothing_points_outside_or_runs() {
        let html =
            to_html("<script>x</script>\n\n[words](http://a.example) ![alt](http://b.example/c.png) a<b>c</b>\n").0;
        assert!(!html.contains("<script") && !html.contains("http") && !html.contains("<b>"), "{html}");
        assert!(html.contains("words") && html.contains("alt") && html.contains("&lt;script&gt;"), "{html}");
    }
}
