//! A report: Markdown that is printed and kept, with the drawings that belong to it.

use anyhow::Context;
use std::fmt::Display;
use std::fs;
use std::path::Path;

/// One page of findings.
pub struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// An empty page. `name` is that of the command, and of the files.
    pub fn new(name: &'static str, title: &str) -> Self {
        let text = format!("# {title}\n\n```\ncargo run --release -p moodbox-tests --bin measure -- {name}\n```\n");
        Self { name, text }
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: impl Display) {
        self.text += &format!("\n{text}\n");
    }

    /// A table: one head, then rows as long as it.
    pub fn table<const N: usize>(&mut self, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        self.text += &format!("\n| {} |\n|{}\n", head.join(" | "), " --- |".repeat(N));
        for row in rows {
            self.text += &format!("| {} |\n", row.join(" | "));
        }
    }

    /// A drawing beside the page: `svg` becomes `NAME-WHAT.svg`.
    pub fn drawing(&mut self, out: &Path, what: &str, alt: &str, svg: &str) -> anyhow::Result<()> {
        let file = format!("{}-{what}.svg", self.name);
        write(&out.join(&file), svg)?;
        self.text += &format!("\n![{alt}]({file})\n");
        Ok(())
    }

    /// Prints the page and keeps it as `NAME.md`.
    pub fn finish(self, out: &Path) -> anyhow::Result<()> {
        print!("{}", self.text);
        write(&out.join(format!("{}.md", self.name)), &self.text)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
