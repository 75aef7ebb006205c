//! What `moodbox check` finds: a line a check for people, or a JSON object a line for programs.

use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Failed,
    /// There was nothing to check.
    Skipped,
}

/// One check as JSON; its figures stand beside the other fields.
#[derive(Serialize)]
struct Entry<'a, F> {
    check: &'a str,
    result: Outcome,
    finding: &'a str,
    #[serde(flatten)]
    figures: Option<F>,
}

/// The report of all checks, written as they are made.
pub struct Findings<'a, W> {
    out: &'a mut W,
    is_json: bool,
    failures: u32,
}

impl<'a, W: Write> Findings<'a, W> {
    /// Nothing checked yet.
    pub fn new(out: &'a mut W, is_json: bool) -> Self {
        Self { out, is_json, failures: 0 }
    }

    /// Checks that failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Writes what a check found: what is well, or what is wrong and what to do about it.
    pub fn check(&mut self, name: &str, finding: Result<String, String>) -> io::Result<()> {
        self.check_with_figures(name, finding, None::<()>)
    }

    /// The same, with figures for programs; the finding tells them to people.
    pub fn check_with_figures(
        &mut self,
        name: &str,
        finding: Result<String, String>,
        figures: Option<impl Serialize>,
    ) -> io::Result<()> {
        match finding {
            Ok(finding) => self.write(Outcome::Ok, name, &finding, figures),
            Err(finding) => {
                self.failures += 1;
                self.write(Outcome::Failed, name, &finding, figures)
            }
        }
    }

    /// Writes why something was not checked.
    pub fn skip(&mut self, name: &str, reason: impl Display) -> io::Result<()> {
        self.write(Outcome::Skipped, name, &reason.to_string(), None::<()>)
    }

    fn write(&mut self, result: Outcome, name: &str, finding: &str, figures: Option<impl Serialize>) -> io::Result<()> {
        if self.is_json {
            serde_json::to_writer(&mut *self.out, &Entry { check: name, result, finding, figures })?;
            return self.out.write_all(b"\n");
        }
        let mark = match result {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "–",
        };
        writeln!(self.out, "{mark:<6} {name:<18} {finding}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Figures {
        arena_bytes: usize,
    }

    fn written(is_json: bool) -> (String, u32) {
        let mut out = Vec::new();
        let mut findings = Findings::new(&mut out, is_json);
        findings.check_with_figures("network", Ok("7 bytes".to_owned()), Some(Figures { arena_bytes: 7 })).unwrap();
        findings.check("camera", Err("no such file".to_owned())).unwrap();
        findings.skip("sample", "not built in").unwrap();
        let failures = findings.failures();
        (String::from_utf8(out).unwrap(), failures)
    }

    #[test]
    fn people_get_a_line_a_check() {
        let expected = "ok     network            7 bytes\nFAILED camera             no such file\n–      sample             not built in\n";
        assert_eq!(written(false), (expected.to_owned(), 1));
    }

    #[test]
    fn programs_get_an_object_a_check() {
        let expected = concat!(
            r#"{"check":"network","result":"ok","finding":"7 bytes","arena_bytes":7}"#,
            "\n",
            r#"{"check":"camera","result":"failed","finding":"no such file"}"#,
            "\n",
            r#"{"check":"sample","result":"skipped","finding":"not built in"}"#,
            "\n"
        );
        assert_eq!(written(true), (expected.to_owned(), 1));
    }
}
