//! FER2013 (Goodfellow et al. 2013) as Kaggle ships it: one table, a line a picture, `emotion,pixels,Usage`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::OwnedLuma;
use rayon::prelude::*;

use super::layout::part_of;
use super::{DatasetError, Part, Picture, PictureSet, content};

/// Side of a picture, in pixels.
pub const SIDE: usize = 48;

/// Code 0 to 6 of the column `emotion`.
pub const EMOTION_CODES: [Emotion; 7] = [
    Emotion::Angry,
    Emotion::Disgust,
    Emotion::Fearful,
    Emotion::Happy,
    Emotion::Sad,
    Emotion::Surprised,
    Emotion::Neutral,
];

/// Lines parsed at a time: keeps some tens of megabytes of text in memory, not all of the table.
const BATCH_LINES: usize = 4096;

/// Where the columns stand: their order differs between the versions that are around.
#[derive(Clone, Copy)]
struct Columns {
    emotion: usize,
    pixels: usize,
    /// Some versions hold the training part alone, without this column.
    usage: Option<usize>,
}

enum Row {
    Picture(Picture),
    UnknownLabel(String),
}

/// Reads the pictures of one part; `duplicates` is left at zero.
///
/// A line that can't be read is listed as `TABLE:LINE` with its reason.
pub(super) fn read_csv(table: &Path, part: Part) -> Result<PictureSet, DatasetError> {
    let of_io = |error| DatasetError::of_io(table, error);
    let mut lines = BufReader::new(File::open(table).map_err(of_io)?).split(b'\n');
    let header = lines.next().transpose().map_err(of_io)?.unwrap_or_default();
    let columns = find_columns(table, &header)?;

    let mut set = PictureSet::default();
    let mut batch_start = 0;
    loop {
        let batch: Vec<Vec<u8>> = lines.by_ref().take(BATCH_LINES).collect::<Result<_, _>>().map_err(of_io)?;
        if batch.is_empty() {
            return Ok(set);
        }
        let rows: Vec<Result<Option<Row>, String>> = batch
            .par_iter()
            .enumerate()
            .map(|(offset, line)| parse_row(line, batch_start + offset, columns, part))
            .collect();
        for (offset, row) in rows.into_iter().enumerate() {
            match row {
                Ok(None) => {}
                Ok(Some(Row::Picture(picture))) => set.pictures.push(picture),
                Ok(Some(Row::UnknownLabel(label))) => *set.unknown_labels.entry(label).or_default() += 1,
                Err(reason) => {
                    // The header is line 1, row 0 is line 2.
                    let line_number = batch_start + offset + 2;
                    set.unreadable.push((PathBuf::from(format!("{}:{line_number}", table.display())), reason));
                }
            }
        }
        batch_start += batch.len();
    }
}

fn find_columns(table: &Path, header: &[u8]) -> Result<Columns, DatasetError> {
    let header = String::from_utf8_lossy(header);
    let names: Vec<String> =
        header.trim_start_matches('\u{feff}').split(',').map(|name| unquoted(name).to_ascii_lowercase()).collect();
    let find = |wanted: &str| names.iter().position(|name| name == wanted);
    let required = |column| find(column).ok_or(DatasetError::NoColumn { path: table.to_owned(), column });
    Ok(Columns { emotion: required("emotion")?, pixels: required("pixels")?, usage: find("usage") })
}

/// A row of the part asked for; `None` where it is of another part, or empty.
fn parse_row(line: &[u8], row: usize, columns: Columns, wanted: Part) -> Result<Option<Row>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "not text".to_owned())?.trim_end();
    if line.is_empty() {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split(',').map(unquoted).collect();
    let field = |index: usize| fields.get(index).copied().ok_or_else(|| format!("only {} fields", fields.len()));
    let part = match columns.usage {
        None => Part::Train,
        Some(index) => part_of(field(index)?).ok_or_else(|| format!("unknown usage '{}'", fields[index]))?,
    };
    if wanted != Part::All && part != wanted {
        return Ok(None);
    }
    let label = field(columns.emotion)?;
    let Some(&emotion) = label.parse().ok().and_then(|code: usize| EMOTION_CODES.get(code)) else {
        return Ok(Some(Row::UnknownLabel(label.to_owned())));
    };
    let pixels = field(columns.pixels)?
        .split_ascii_whitespace()
        .map(|value| value.parse::<u8>().map_err(|_| format!("'{value}' is no pixel from 0 to 255")))
        .collect::<Result<Vec<u8>, String>>()?;
    if pixels.len() != SIDE * SIDE {
        return Err(format!("{} pixels where {} are expected", pixels.len(), SIDE * SIDE));
    }
    let luma = OwnedLuma::new(SIDE, SIDE, pixels).map_err(|error| error.to_string())?;
    let content_hash = content::of_picture(&luma);
    Ok(Some(Row::Picture(Picture { id: format!("fer{row:07}.png"), emotion, part, luma, content_hash })))
}

fn unquoted(field: &str) -> &str {
    field.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(emotion: &str, pixel: u8, usage: &str) -> String {
        format!("{emotion},{},{usage}\n", vec![pixel.to_string(); SIDE * SIDE].join(" "))
    }

    fn table(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fer2013.csv");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn each_usage_is_a_part() {
        let text = [
            "emotion,pixels,Usage\n".to_owned(),
            line("0", 1, "Training"),
            line("3", 2, "PublicTest"),
            line("6", 3, "PrivateTest"),
        ];
        let (_dir, path) = table(&text.concat());
        let validation = read_csv(&path, Part::Validation).unwrap();
        assert_eq!(validation.pictures.len(), 1);
        let picture = &validation.pictures[0];
        assert_eq!((picture.id.as_str(), picture.emotion), ("fer0000001.png", Emotion::Happy));
        assert_eq!(picture.luma.pixels(), vec![2; SIDE * SIDE]);
        let all = read_csv(&path, Part::All).unwrap();
        let emotions: Vec<Emotion> = all.pictures.iter().map(|picture| picture.emotion).collect();
        assert_eq!(emotions, [Emotion::Angry, Emotion::Happy, Emotion::Neutral]);
    }

    #[test]
    fn other_orders_of_columns_are_read() {
        let pixels = vec!["9"; SIDE * SIDE].join(" ");
        let (_dir, path) = table(&format!("emotion, Usage, pixels\r\n4,Training,{pixels}\r\n"));
        let set = read_csv(&path, Part::Train).unwrap();
        assert_eq!(set.pictures[0].emotion, Emotion::Sad);
        let (_dir, path) = table(&format!("emotion,pixels\n5,\"{pixels}\"\n"));
        assert_eq!(read_csv(&path, Part::Train).unwrap().pictures[0].emotion, Emotion::Surprised);
    }

    #[test]
    fn broken_lines_are_named_and_the_rest_is_read() {
        let text = [
            "emotion,pixels,Usage\n".to_owned(),
            "3,1 2 3,Training\n".to_owned(),
            "3,1 2 300,Training\n".to_owned(),
            "3\n".to_owned(),
            line("7", 1, "Training"),
            line("1", 1, "Training"),
        ];
        let (_dir, path) = table(&text.concat());
        let set = read_csv(&path, Part::Train).unwrap();
        assert_eq!(set.pictures.len(), 1);
        let reasons: Vec<&str> = set.unreadable.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(reasons, ["3 pixels where 2304 are expected", "'300' is no pixel from 0 to 255", "only 1 fields"]);
        assert!(set.unreadable[0].0.display().to_string().ends_with("fer2013.csv:2"));
        assert_eq!(set.unknown_labels["7"], 1);
    }

    #[test]
    fn another_table_is_refused_with_the_column_it_lacks() {
        let (_dir, path) = table("name,votes\n");
        let error = read_csv(&path, Part::All).unwrap_err();
        assert!(error.to_string().ends_with("lacks the column 'emotion'"), "{error}");
    }
}
