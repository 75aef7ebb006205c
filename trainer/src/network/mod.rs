//! The networks: their description, their training form and their plain numbers.

pub mod float_graph;
