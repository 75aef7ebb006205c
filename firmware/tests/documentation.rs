//! The table of faults against the tests that there are: each row names one.

use std::path::Path;

/// All Rust sources below a folder, one after the other.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).unwrap();
        }
    }
    text
}

#[test]
fn each_fault_has_its_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(here.join("FAULTS.md")).unwrap();
    let code: String = ["src", "tests", "../shared/src"].iter().map(|folder| sources(&here.join(folder))).collect();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 20, "{rows:#?}");
    for row in rows {
        let test = row.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`');
        assert!(
            code.contains(&format!("#[test]\nfn {test}()")) || code.contains(&format!("#[test]\n    fn {test}()")),
            "{row}"
        );
    }
}
