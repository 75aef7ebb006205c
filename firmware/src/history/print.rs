//! `moodbox history`: what was shown, as text, JSON or CSV.

use super::hours::HOUR_MS;
use super::{Entry, HistoryError, HourSum, Store};
use serde::Serialize;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// How it is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// A head, then a line each.
    Csv,
}

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Each event.
    #[default]
    Events,
    /// The sums of each hour.
    Hours,
}

/// Why printing ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrintError {
    /// The history can't be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The output takes no more.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// A time that can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no time: 2026-11-22, 2026-11-22T08:00:00Z (both UTC), or how long ago, as 24h or 7days")]
pub struct NoTime(String);

/// Reads a date, a date with time, or how long ago.
///
/// * returns milliseconds since 1970, UTC
pub fn parse_since(text: &str, now: SystemTime) -> Result<i64, NoTime> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(super::unix_ms(now).saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)));
    }
    let midnight = format!("{text}T00:00:00Z");
    let time = humantime::parse_rfc3339_weak(text).or_else(|_| humantime::parse_rfc3339_weak(&midnight));
    time.map(super::unix_ms).map_err(|_| NoTime(text.to_owned()))
}

/// Prints everything from a time on.
pub fn print(store: &Store, what: What, style: Style, since_ms: i64, out: &mut impl Write) -> Result<(), PrintError> {
    let mut result = Ok(());
    if style == Style::Csv {
        writeln!(out, "{}", if what == What::Events { EventLine::HEAD } else { HourLine::HEAD })?;
    }
    match what {
        What::Events => store.entries_since(since_ms, |entry| {
            if result.is_ok() {
                result = EventLine::new(&entry).write(style, out);
            }
        })?,
        What::Hours => store.hours_since(since_ms, |sum| {
            if result.is_ok() {
                result = HourLine::new(&sum).write(style, out);
            }
        })?,
    }
    Ok(result?)
}

#[derive(Serialize)]
struct EventLine {
    began: String,
    duration_s: f64,
    verdict: &'static str,
    peak_confidence: f32,
}

impl EventLine {
    const HEAD: &str = "began,duration_s,verdict,peak_confidence";

    fn new(entry: &Entry) -> Self {
        Self {
            began: rfc3339(entry.began_ms),
            duration_s: entry.duration_ms as f64 / 1_000.0,
            verdict: entry.verdict.name(),
            peak_confidence: entry.peak_confidence,
        }
    }

    fn write(&self, style: Style, out: &mut impl Write) -> io::Result<()> {
        let Self { began, duration_s, verdict, peak_confidence } = self;
        match style {
            Style::Text => writeln!(out, "{began}  {verdict:<9} {duration_s:>8.1} s  {peak_confidence:.2}"),
            Style::Json => write_json(self, out),
            Style::Csv => writeln!(out, "{began},{duration_s},{verdict},{peak_confidence}"),
        }
    }
}

#[derive(Serialize)]
struct HourLine {
    hour: String,
    verdict: &'static str,
    events: u64,
    shown_s: f64,
}

impl HourLine {
    const HEAD: &str = "hour,verdict,events,shown_s";

    fn new(sum: &HourSum) -> Self {
        Self {
            hour: rfc3339(sum.hour.saturating_mul(HOUR_MS)),
            verdict: sum.verdict.name(),
            events: sum.events,
            shown_s: sum.shown_ms as f64 / 1_000.0,
        }
    }

    fn write(&self, style: Style, out: &mut impl Write) -> io::Result<()> {
        let Self { hour, verdict, events, shown_s } = self;
        match style {
            Style::Text => writeln!(out, "{hour}  {verdict:<9} {shown_s:>8.1} s  in {events} events"),
            Style::Json => write_json(self, out),
            Style::Csv => writeln!(out, "{hour},{verdict},{events},{shown_s}"),
        }
    }
}

fn write_json(line: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

/// The last second that RFC 3339 can write, since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// A time as RFC 3339 writes it, UTC, to the second; its first and last year for what lies beyond.
fn rfc3339(unix_ms: i64) -> String {
    let second = u64::try_from(unix_ms.div_euclid(1_000)).unwrap_or(0).min(LAST_SECOND);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(second)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = UNIX_EPOCH + Duration::from_secs(10 * 86_400);
        assert_eq!(parse_since("24h", now), Ok(9 * 86_400_000));
        assert_eq!(parse_since("1970-01-03", now), Ok(2 * 86_400_000));
        assert_eq!(parse_since("1970-01-01T00:00:07Z", now), Ok(7_000));
        assert_eq!(rfc3339(86_400_000), "1970-01-02T00:00:00Z");
        assert_eq!((rfc3339(i64::MIN), rfc3339(i64::MAX)), (rfc3339(0), "9999-12-31T23:59:59Z".into()));
        assert_eq!(parse_since("yesterday", now), Err(NoTime("yesterday".into())));
    }
}
