//! The Moodbox trainer.

fn main() {}
