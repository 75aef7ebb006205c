//! Whether a plan can be run.
