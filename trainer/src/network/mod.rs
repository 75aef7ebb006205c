//! The networks: their description, their training form and their plain numbers.

pub mod activation;
pub mod architecture;
pub mod float_graph;
mod from_plain;
pub mod module;
pub mod preset;
pub mod recurrent;
pub mod rounding;

pub use activation::Activation;
pub use architecture::Architecture;
pub use from_plain::NotTrainable;
pub use module::Network;
pub use preset::Preset;
pub use rounding::Rounding;
