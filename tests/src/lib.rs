//! Integration tests of Moodbox, across its crates.
