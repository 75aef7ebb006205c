//! The Moodbox runtime.

fn main() {}
