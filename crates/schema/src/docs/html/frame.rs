//! What every page has around it.

use std::fmt::Write as _;

use crate::docs::Schema;

/// Text that may stand in HTML and SVG, also between double quotes.
pub(in crate::docs) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A page. `up` is the way from it to the directory of the output: empty, or `../`.
pub(super) fn page(schema: &Schema<'_>, title: &str, up: &str, here: &str, body: &str) -> String {
    let mut nav = String::new();
    for (file, name) in [
        ("index.html", "Tables"),
        ("objects.html", "Views, functions, types"),
        ("access.html", "Who may do what"),
    ] {
        let current = if file == here {
            " aria-current=\"page\""
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let _ = write!(nav, "<li><a href=\"{up}{file}\"{current}>{name}</a></li>");
    }
    let (title, name) = (escaped(title), escaped(schema.title));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · {name}</title>\n<link rel=\"stylesheet\" href=\"{up}style.css\">\n</head>\n\
         <body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n<header><p><a href=\"{up}index.html\">{name}</a></p><nav aria-label=\"Pages\"><ul>{nav}</ul></nav></header>\n\
         <main id=\"main\">\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A page that stands alone, with its style in it.
pub(in crate::docs) fn standalone(title: &str, body: &str) -> String {
    let (title, style) = (escaped(title), include_str!("style.css"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n\
         <body>\n<main id=\"main\">\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Columns that are read as text and have to be wide enough for that on a small screen too.
const PROSE: [&str; 6] = [
    "comment",
    "definition",
    "before",
    "now",
    "rows that are seen",
    "rows that may be written",
];

/// A table of a page, with what it is about for those who do not see it. Cells are HTML already.
pub(in crate::docs) fn grid(caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escaped(caption)
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(head));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let is_prose = PROSE.contains(heads.get(index).unwrap_or(&"")) && !cell.is_empty();
            let _ = match index {
                0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                _ if is_prose => write!(out, "<td class=\"wide\">{cell}</td>"),
                _ => write!(out, "<td>{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// Code in a line; nothing for nothing.
pub(in crate::docs) fn inline(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<code>{}</code>", escaped(text))
}

/// A picture that may be wider than the page.
pub(super) fn picture(svg: &str, label: &str) -> String {
    format!(
        "<figure class=\"scroll er\" tabindex=\"0\" aria-label=\"{}\">{svg}</figure>\n",
        escaped(label)
    )
}

/// «1 table», «3 tables».
pub(super) fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
