//! What the fuzz target `model` is made of: how files are changed ([`mutate`]), and what is asked of them ([`infer`]).

pub mod frame;
pub mod heal;
pub mod infer;
pub mod mutate;
pub mod seeds;
pub mod spoil;
pub mod tally;
