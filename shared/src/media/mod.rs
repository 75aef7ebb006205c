//! The one way to read pictures and sound from files, for hosts and for replay.

pub mod image_file;
