//! The Moodbox trainer: from labelled pictures and clips to int8 networks that the box runs.

#![forbid(unsafe_code)]

pub mod ablate_command;
pub mod adapt_command;
pub mod augment;
pub mod bench_command;
pub mod crossvalidate;
pub mod data_command;
pub mod dataset;
pub mod evaluate;
pub mod export;
pub mod features;
pub mod features_command;
pub mod judge;
pub mod network;
pub mod pack_command;
pub mod predict;
pub mod quantize;
pub mod quantize_command;
pub mod report;
pub mod report_command;
pub mod robustness;
pub mod sample;
pub mod temperature;
pub mod train;
pub mod train_command;
