//! The file of the history: SQLite with a write-ahead log, each event in a transaction of its own.

use super::hours::{HOUR_MS, parts};
use super::{Entry, HistoryError, HourSum};
use moodbox_shared::decision::Verdict;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Version of the tables, as SQLite's `user_version`.
const VERSION: i32 = 1;

/// How long another program that reads or writes is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY,
        began_ms INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        peak_confidence REAL NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS events_by_time ON events (began_ms);
    CREATE TABLE IF NOT EXISTS hours (
        hour INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        events INTEGER NOT NULL,
        shown_ms INTEGER NOT NULL,
        PRIMARY KEY (hour, verdict)
    ) STRICT, WITHOUT ROWID;
";

/// An open history.
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens a file to write to, and makes it where there is none.
    ///
    /// A damaged file is put aside as `FILE.damaged`, and what can be read of it is taken over: the second value says so.
    pub fn open(path: &Path) -> Result<(Self, Option<PathBuf>), HistoryError> {
        match Self::open_sound(path) {
            Err(HistoryError::Database { source, .. }) if is_damage(&source) => {
                let aside = put_aside(path)?;
                let mut store = Self::open_sound(path)?;
                store.take_over(&aside)?;
                Ok((store, Some(aside)))
            }
            other => other.map(|store| (store, None)),
        }
    }

    /// Opens a file to read from.
    pub fn open_to_read(path: &Path) -> Result<Self, HistoryError> {
        if !path.is_file() {
            return Err(HistoryError::Missing { path: path.to_owned() });
        }
        let failed = |source| HistoryError::Database { path: path.to_owned(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let store = Self { path: path.to_owned(), connection };
        store.version()?;
        Ok(store)
    }

    fn open_sound(path: &Path) -> Result<Self, HistoryError> {
        let failed = |source| HistoryError::Database { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let store = Self { path: path.to_owned(), connection };
        store.prepare().map_err(failed)?;
        if store.version()? < VERSION {
            store.connection.execute_batch(TABLES).map_err(failed)?;
            store.connection.pragma_update(None, "user_version", VERSION).map_err(failed)?;
        }
        Ok(store)
    }

    /// With a log that is flushed to the disk at each commit, and every page read once.
    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "journal_mode", "wal")?;
        self.connection.pragma_update(None, "synchronous", "full")?;
        let verdict: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(code, Some(verdict)))
    }

    fn version(&self) -> Result<i32, HistoryError> {
        let found =
            self.connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(self.failed())?;
        if found > VERSION {
            return Err(HistoryError::Later { path: self.path.clone(), found });
        }
        Ok(found)
    }

    /// Commits one entry, and with it the hours that it lasted through.
    pub fn record(&mut self, entry: &Entry) -> Result<(), HistoryError> {
        let failed = self.failed();
        self.commit(std::iter::once(*entry)).map_err(failed)
    }

    /// Forgets what ended before this time.
    pub fn forget_before(&mut self, time_ms: i64) -> Result<(), HistoryError> {
        let forget = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM events WHERE began_ms + duration_ms < ?1", [time_ms])?;
            transaction.execute("DELETE FROM hours WHERE hour < ?1", [time_ms.div_euclid(HOUR_MS)])?;
            transaction.commit()
        };
        let failed = self.failed();
        forget(&mut self.connection).map_err(failed)
    }

    /// Calls `each` with every entry that began at this time or later, in the order of time.
    pub fn entries_since(&self, time_ms: i64, mut each: impl FnMut(Entry)) -> Result<(), HistoryError> {
        let mut read = || {
            let mut statement = self.connection.prepare(
                "SELECT began_ms, duration_ms, verdict, peak_confidence FROM events WHERE began_ms >= ?1 ORDER BY began_ms, id",
            )?;
            let mut rows = statement.query([time_ms])?;
            while let Some(row) = rows.next()? {
                each(entry(row)?);
            }
            Ok(())
        };
        read().map_err(self.failed())
    }

    /// Calls `each` with the sums of every hour from the one of this time on, in the order of time.
    pub fn hours_since(&self, time_ms: i64, mut each: impl FnMut(HourSum)) -> Result<(), HistoryError> {
        let mut read = || {
            let mut statement = self.connection.prepare(
                "SELECT hour, verdict, events, shown_ms FROM hours WHERE hour >= ?1 ORDER BY hour, shown_ms DESC",
            )?;
            let mut rows = statement.query([time_ms.div_euclid(HOUR_MS)])?;
            while let Some(row) = rows.next()? {
                each(HourSum {
                    hour: row.get(0)?,
                    verdict: verdict(row, 1)?,
                    events: count(row, 2)?,
                    shown_ms: count(row, 3)?,
                });
            }
            Ok(())
        };
        read().map_err(self.failed())
    }

    /// Reads what can be read of a damaged file into this one.
    fn take_over(&mut self, damaged: &Path) -> Result<(), HistoryError> {
        let mut saved = Vec::new();
        // It is damaged: where reading ends, it ends.
        let _ = Self::open_to_read(damaged).and_then(|store| {
            let read = || {
                let mut statement =
                    store.connection.prepare("SELECT began_ms, duration_ms, verdict, peak_confidence FROM events")?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    saved.extend(entry(row));
                }
                Ok(())
            };
            let mut read = read;
            read().map_err(store.failed())
        });
        let failed = self.failed();
        self.commit(saved.into_iter()).map_err(failed)
    }

    fn commit(&mut self, entries: impl Iterator<Item = Entry>) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut event = transaction.prepare(
                "INSERT INTO events (began_ms, duration_ms, verdict, peak_confidence) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let mut hour_sum = transaction.prepare(
                "INSERT INTO hours (hour, verdict, events, shown_ms) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (hour, verdict) DO UPDATE SET events = events + ?3, shown_ms = shown_ms + ?4",
            )?;
            for Entry { began_ms, duration_ms, verdict, peak_confidence } in entries {
                let whole = i64::try_from(duration_ms).unwrap_or(i64::MAX);
                event.execute(params![began_ms, whole, verdict.name(), peak_confidence])?;
                for (place, (hour, shown_ms)) in parts(began_ms, duration_ms).enumerate() {
                    hour_sum.execute(params![hour, verdict.name(), i64::from(place == 0), shown_ms as i64])?;
                }
            }
        }
        transaction.commit()
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> HistoryError + use<> {
        let path = self.path.clone();
        move |source| HistoryError::Database { path: path.clone(), source }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        began_ms: row.get(0)?,
        duration_ms: count(row, 1)?,
        verdict: verdict(row, 2)?,
        peak_confidence: row.get(3)?,
    })
}

/// A number that is never negative.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A verdict by its name.
fn verdict(row: &Row<'_>, column: usize) -> rusqlite::Result<Verdict> {
    let name: String = row.get(column)?;
    let known = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name);
    known.ok_or(rusqlite::Error::InvalidColumnType(column, name, rusqlite::types::Type::Text))
}

/// Whether the file itself is at fault, not the disk or the rights.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Renames a file and its log out of the way; an earlier damaged file makes room.
fn put_aside(path: &Path) -> Result<PathBuf, HistoryError> {
    let beside = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = beside(path, ".damaged");
    for suffix in ["-wal", "-shm"] {
        // There may be none.
        let _ = std::fs::remove_file(beside(&aside, suffix));
        let _ = std::fs::rename(beside(path, suffix), beside(&aside, suffix));
    }
    std::fs::rename(path, &aside).map_err(|source| HistoryError::PutAside { path: path.to_owned(), source })?;
    Ok(aside)
}
