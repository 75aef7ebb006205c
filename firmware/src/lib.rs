//! The Moodbox runtime, as a library so that tests can take it apart; `main.rs` is its command line.
//!
//! ```text
//! camera ──► face detector ─┐
//!                           ├─► pipeline (moodbox-shared) ──► indicator, links
//! microphone ───────────────┘
//! ```

#![forbid(unsafe_code)]

mod back_off;
pub mod bench;
pub mod camera;
pub mod clock;
pub mod config;
pub mod demo;
pub mod device_check;
pub mod devices;
mod embedded;
pub mod face_detector;
pub mod findings;
pub mod footprint;
pub mod history;
pub mod indicator;
pub mod instance;
pub mod listen;
pub mod microphone;
pub mod models;
#[cfg(feature = "tract")]
pub mod onnx;
pub mod report;
pub mod run;
pub mod runtime;
pub mod sample;
pub mod scheduling;
pub mod self_test;
pub mod send;
pub mod serial;
pub mod service;
pub mod stack;
pub mod start;
pub mod trace;
